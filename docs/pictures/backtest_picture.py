"""Runs the backtest of ``how_to/backtest.md`` and keeps its picture: ``python docs/pictures/backtest_picture.py``."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent


def main() -> None:
    """Runs the Python of the page, one block after the other, in a folder of its own."""
    page = (DOCS / "how_to" / "backtest.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for block in blocks:
            exec(block, names)
        shutil.copy("backtest/backtest.png", DOCS / "images" / "backtest.png")
        os.chdir(DOCS)


if __name__ == "__main__":
    main()
