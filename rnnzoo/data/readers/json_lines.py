"""JSON lines as frames: one object a line, whose keys are the columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.data.readers.row_places import LINE
from rnnzoo.data.readers.table_files import refuse_no_rows
from rnnzoo.errors import DataError
from rnnzoo.files import FilePath, read_text
from rnnzoo.preprocessing.json_text import parse_json_at

if TYPE_CHECKING:
    import pandas as pd


def read_json_lines(path: FilePath) -> pd.DataFrame:
    """Reads JSON lines, plain or gzipped; the index is the line of each row. A key that is absent is a missing value.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If a line is no object, or holds one in another; the message names the line.
    """
    import pandas as pd

    rows, lines = [], []
    for number, line in enumerate(read_text(path, "a file of JSON lines").split("\n"), 1):
        if line.strip():
            rows.append(_row(path, number, line))
            lines.append(number)
    refuse_no_rows(path, len(rows))
    names = list(dict.fromkeys(name for row in rows for name in row))
    frame = pd.DataFrame(rows, columns=names, index=pd.Index(lines, name=LINE))
    frame.attrs = {
        "path": str(path),
        "unusual": {},
        "reading": f"pandas.read_json({str(path)!r}, lines=True, dtype=False)",
        "writing": ".to_json('one.jsonl', orient='records', lines=True, date_format='iso')",
    }
    return frame


def _row(path: FilePath, number: int, line: str) -> dict[str, Any]:
    where = f"{Path(path)}: line {number}"
    row = parse_json_at(line, where, lambda: "one object in each line. Correct the line")
    if not isinstance(row, dict):
        raise DataError(
            f'{where} holds {type(row).__name__}; expected an object, such as {{"load": 1.5}}. Correct the line.'
        )
    for name, value in row.items():
        if isinstance(value, dict):
            raise DataError(
                f"{where}: {name!r} holds an object; expected a text, a number, true, false or null, or a list of "
                "them. Make columns of what it holds in Python: import pandas; frame = "
                f"pandas.read_json({str(path)!r}, lines=True, dtype=False); "
                "frame = pandas.json_normalize(frame.to_dict('records')); "
                "frame.to_json('flat.jsonl', orient='records', lines=True, date_format='iso')"
            )
        if isinstance(value, list) and any(isinstance(part, list | dict) for part in value):
            raise DataError(
                f"{where}: {name!r} holds a list of lists or objects; expected a text, a number, true, false or null, "
                "or a list of them. Leave the key out."
            )
    return row
