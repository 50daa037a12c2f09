"""One self-contained HTML page: tables and pictures, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import html
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rnnzoo.files import replacing

#: Above this many characters a cell is a text of several lines.
_LONG = 40
#: From so many columns on a table is wider than a page, and its other cells keep to one line.
_MANY = 7

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin-bottom: .2rem; }} h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; }}
p {{ margin: .4rem 0; }} .lead {{ color: #555; }}
table {{ border-collapse: collapse; margin: .5rem 0; }}
th, td {{ text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }}
td {{ font-variant-numeric: tabular-nums; }} tr.best td {{ font-weight: 600; background: #f2f7fb; }}
tr.marked td {{ font-weight: 600; }} table.many td {{ white-space: nowrap; }}
td.long, table.many td.long {{ min-width: 15rem; white-space: normal; }}
img {{ max-width: 100%; height: auto; margin: .5rem 0; }}
pre {{ background: #f6f6f6; padding: .7rem; overflow-x: auto; }}
.wide {{ overflow-x: auto; }}
</style></head><body>
<h1>{title}</h1><p class="lead">{lead}</p>
{body}
</body></html>
"""


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        title: The heading.
        text: Paragraphs, separated by blank lines.
        rows: A table: one mapping per row, the columns in the order they first appear.
        best: The number of the row to stand out, or ``None``.
        marked: The numbers of rows that are bold.
        images: PNG files to embed, with the words for those who cannot see them.
        code: Commands to copy.
    """

    title: str
    text: str = ""
    rows: Sequence[Mapping[str, object]] = ()
    best: int | None = None
    marked: Collection[int] = ()
    images: Sequence[tuple[Path, str]] = ()
    code: str = field(default="")


def write_report(path: Path, *, title: str, lead: str, sections: Sequence[Section]) -> Path:
    """Writes a report; everything in it is escaped, pictures are embedded.

    Args:
        path: The HTML file.
        title: The heading of the page.
        lead: One line under it.
        sections: What follows.

    Returns:
        ``path``.
    """
    body = "\n".join(_section(section) for section in sections)
    page = _PAGE.format(title=html.escape(title), lead=html.escape(lead), body=body)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _section(section: Section) -> str:
    parts = [f"<h2>{html.escape(section.title)}</h2>"]
    parts += [f"<p>{html.escape(text)}</p>" for text in section.text.split("\n\n") if text]
    if section.rows:
        parts.append(html_table(section.rows, best=section.best, marked=section.marked))
    parts += [_image(path, words) for path, words in section.images]
    if section.code:
        parts.append(f"<pre>{html.escape(section.code)}</pre>")
    return "\n".join(parts)


def html_table(
    rows: Sequence[Mapping[str, object]],
    *,
    best: int | None = None,
    marked: Collection[int] = (),
    caption: str = "",
) -> str:
    """Returns a table as HTML, everything in it escaped; a wide one can be scrolled.

    Args:
        rows: One mapping per row, the columns in the order they first appear. Columns without names have no heads, and
            the first names the rows.
        best: The number of the row to stand out.
        marked: The numbers of rows that are bold.
        caption: What the table shows, if no heading says so.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not any(name.strip() for name in columns):
        pairs = (tuple(map(show, row.values())) for row in rows)
        lines = [
            f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
            for name, value in pairs
        ]
        return f'<div class="wide"><table>{"".join(lines)}</table></div>'
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    lines = [
        f"<tr{_class_of(number, best, marked)}>"
        + "".join(_cell(show(row.get(name, ""))) for name in columns)
        + "</tr>"
        for number, row in enumerate(rows)
    ]
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    many = ' class="many"' if len(columns) >= _MANY else ""
    return f'<div class="wide"><table{many}>{title}<tr>{head}</tr>{"".join(lines)}</table></div>'


def _cell(text: str) -> str:
    # A long text is not cut into a word a line, where the page is narrow.
    start = '<td class="long">' if len(text) > _LONG else "<td>"
    return f"{start}{html.escape(text)}</td>"


def _class_of(number: int, best: int | None, marked: Collection[int]) -> str:
    name = "best" if number == best else "marked" if number in marked else ""
    return f' class="{name}"' if name else ""


def _image(path: Path, words: str) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{html.escape(words)}" src="data:image/png;base64,{data}">'


def show(value: object) -> str:
    """Shows a value in a table: floats with four significant digits, the rest as it is.

    Example:
        >>> show(0.98612), show(12), show(41.23)
        ('0.9861', '12', '41.23')
    """
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:.4g}"
