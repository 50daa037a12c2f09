"""Truth of ``rnnzoo_export.serving.page``: one answer that asks for nothing else and runs nothing but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from rnnzoo_export.serving import page
from rnnzoo_export.serving.page import SCRIPTS, STYLES, render_page

FILES = Path(page.__file__).parent / "page_files"
MOST_LINES, MOST_CHARACTERS = 400, 120


def rendered(**facts: object) -> str:
    return bytes(render_page({"name": "films", **facts}, ["films", "shops"]).body).decode()


def inner(name: str, text: str) -> list[str]:
    """What stands in the elements of a name."""
    return re.findall(rf"<{name}[^>]*>(.*?)</{name}>", text, flags=re.DOTALL)


def test_every_file_is_put_in_and_none_is_long() -> None:
    assert {path.name for path in FILES.iterdir()} == {
        "index.html",
        *(f"{name}.css" for name in STYLES),
        *(f"{name}.js" for name in SCRIPTS),
    }
    text = rendered()
    for path in FILES.iterdir():
        content = path.read_text(encoding="utf-8")
        assert len(content.splitlines()) <= MOST_LINES, path.name
        assert max(map(len, content.splitlines())) <= MOST_CHARACTERS, path.name
        assert path.name == "index.html" or content in text, path.name


def test_the_policy_lets_the_own_style_and_script_run_and_no_other() -> None:
    response = render_page({"name": "films"})
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    text = bytes(response.body).decode()
    (style,), (_, script) = inner("style", text), inner("script", text)
    for content, name in ((style, "style-src"), (script, "script-src")):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[name] == f"'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in response.headers["content-security-policy"]
    assert not re.search(r"\son\w+=|style=", text.partition("<body>")[2].partition("<script")[0])


def test_nothing_is_loaded_and_all_addresses_are_relative() -> None:
    text = rendered()
    assert re.findall(r"https?://[\w.]+", text) == ["http://www.w3.org"]  # the name of SVG
    assert not re.search(r"""(?:href|src)=["']/|^import\s|url\(|eval\(|innerHTML""", text, flags=re.MULTILINE)


def test_no_text_ends_the_script_of_the_facts() -> None:
    evil = "</script><script>alert(1)</script><!--"
    text = rendered(example=evil)
    facts, _ = inner("script", text)
    assert json.loads(facts) == {"model": {"name": "films", "example": evil}, "models": ["films", "shops"]}
    assert text.count("<script") == 2


@pytest.mark.parametrize("name", ["label", "button", "input", "textarea", "pre"])
def test_every_control_of_the_frame_has_a_name(name: str) -> None:
    text = (FILES / "index.html").read_text(encoding="utf-8")
    for tag in re.findall(rf"<{name}\b[^>]*>", text):
        if name in ("input", "textarea"):
            (own,) = re.findall(r'\bid="([\w-]+)"', tag)
            assert f'for="{own}"' in text
        elif name == "pre":
            assert "aria-label=" in tag
            assert "tabindex=" in tag
    assert all(content.strip() for content in inner("button", text))
