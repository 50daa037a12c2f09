"""What an object shows of itself in a notebook and in a shell: facts, tables and a small picture."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnzoo.report import html_table, show

# Colours are those of the page around it, so that it can be read on a light and on a dark one.
_STYLE = (
    ".rnnzoo{max-width:62rem;line-height:1.4}.rnnzoo p{margin:.2rem 0}.rnnzoo .title{font-weight:600}"
    ".rnnzoo .wide{overflow-x:auto;max-width:100%}"
    ".rnnzoo table{border-collapse:collapse;margin:.5rem 0;border:0;font-size:inherit}"
    ".rnnzoo caption{text-align:left;font-weight:600;padding:.2rem 0;caption-side:top;color:inherit}"
    ".rnnzoo th,.rnnzoo td{text-align:left;padding:.2rem .9rem .2rem 0;vertical-align:top;background:none;"
    "border:0;border-bottom:1px solid rgba(128,128,128,.4);font-variant-numeric:tabular-nums}"
    ".rnnzoo th[scope=row]{font-weight:normal;opacity:.8}.rnnzoo tr.best td{font-weight:600}"
)
#: Rows of a table at most, and characters of a value.
_MOST_ROWS, _MOST_ROWS_OF_TEXT, _LONGEST = 20, 12, 60
#: Characters of a fact.
_LONGEST_FACT = 160


@dataclass(frozen=True)
class Table:
    """Rows under a caption.

    Attributes:
        caption: What they are.
        rows: One mapping per row, the columns in the order they first appear.
        best: The number of the best row, which is marked in its first column.
    """

    caption: str
    rows: Sequence[Mapping[str, object]]
    best: int | None = None

    def marked(self, most: int) -> list[dict[str, str]]:
        """Returns the first rows as they are shown, the best always among them."""
        numbers = list(range(len(self.rows)))[:most]
        if self.best is not None and self.best not in numbers:
            numbers[-1] = self.best
        shown = []
        for number in numbers:
            row = {name: _short(value) for name, value in self.rows[number].items()}
            if number == self.best:
                first = next(iter(row))
                row[first] = f"{row[first]} (best)"
            shown.append(row)
        return shown

    def left_out(self, most: int) -> str:
        """Says how many rows are not shown."""
        more = len(self.rows) - most
        return f"and {more:,} more" if more > 0 else ""


@dataclass(frozen=True)
class Summary:
    """What an object shows of itself.

    Attributes:
        title: One line.
        facts: What is known of it, by name.
        tables: Tables; those without rows are left out.
        picture: An SVG picture, for notebooks only.

    Example:
        >>> print(Summary("Fruits", {"ripe": "all"}, [Table("Weights", [{"fruit": "pear", "grams": 170.0}])]).to_text())
        Fruits
          ripe  all
        Weights
          fruit  grams
          pear   170
    """

    title: str
    facts: Mapping[str, object]
    tables: Sequence[Table] = ()
    picture: str = ""

    def to_html(self) -> str:
        """Returns it as HTML in which everything is escaped, and which loads nothing."""
        parts = [f'<p class="title">{html.escape(self.title)}</p>']
        if self.facts:
            lines = [{"": name, " ": _short(value, _LONGEST_FACT)} for name, value in self.facts.items()]
            parts.append(html_table(lines))
        for table in self._filled:
            rows = table.marked(_MOST_ROWS)
            best = next(
                (n for n, row in enumerate(rows) if next(iter(row.values())).endswith(" (best)")), None
            )
            parts.append(html_table(rows, best=best, caption=table.caption))
            parts.append(_paragraph(table.left_out(_MOST_ROWS)))
        return f'<style>{_STYLE}</style><div class="rnnzoo">{"".join(parts)}{self.picture}</div>'

    def to_text(self) -> str:
        """Returns it as lines for a shell."""
        lines = [
            self.title,
            *_aligned([[name, _short(value, _LONGEST_FACT)] for name, value in self.facts.items()]),
        ]
        for table in self._filled:
            rows = table.marked(_MOST_ROWS_OF_TEXT)
            columns = list(dict.fromkeys(name for row in rows for name in row))
            cells = [[row.get(name, "") for name in columns] for row in rows]
            rest = table.left_out(_MOST_ROWS_OF_TEXT)
            lines += [table.caption, *_aligned([columns, *cells]), *([f"  {rest}"] if rest else [])]
        return "\n".join(lines)

    @property
    def _filled(self) -> list[Table]:
        return [table for table in self.tables if table.rows]


def _short(value: object, longest: int = _LONGEST) -> str:
    text = "" if value is None else " ".join(show(value).split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>" if text else ""


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
