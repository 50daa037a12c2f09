"""What a notebook shows of an object, read as a tree."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree


def shown(value: Any) -> ElementTree.Element:
    """Returns the HTML of an object as a tree: it is well-formed, and nothing in it runs or is loaded."""
    tree = ElementTree.fromstring(f"<div>{value._repr_html_()}</div>")
    for element in tree.iter():
        assert element.tag not in ("script", "link", "img", "iframe")
        assert not {name for name in element.attrib if name in ("src", "href") or name.startswith("on")}
    return tree


def facts(tree: ElementTree.Element) -> dict[str, str]:
    """Returns the facts: rows of a table with a head each."""
    heads = [(row.find("th"), row.find("td")) for row in tree.iter("tr")]
    return {
        text_of(head): text_of(value)
        for head, value in heads
        if head is not None and value is not None and head.get("scope") == "row"
    }


def table(tree: ElementTree.Element, caption: str) -> list[dict[str, str]]:
    """Returns the rows of a table; the best has the key ``"best"`` besides."""
    found = next(t for t in tree.iter("table") if text_of(t.find("caption")) == caption)
    head, *rows = found.iter("tr")
    assert all(cell.get("scope") == "col" for cell in head)
    names = [text_of(cell) for cell in head]
    return [
        dict(zip(names, map(text_of, row), strict=True)) | ({"best": "yes"} if row.get("class") else {})
        for row in rows
    ]


def text_of(element: ElementTree.Element | None) -> str:
    return "" if element is None else "".join(element.itertext())
