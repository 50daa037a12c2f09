#!/usr/bin/env bash
# pandas.to_datetime(..., dayfirst=True) reads ISO 8601 dates as year-day-month: "2024-01-02" becomes 1 February,
# without a warning, as long as no day of the column is above 12.
# dayfirst=True is what people pass for a file with European dates, and one column of ISO dates beside them changes its
# months. Found with pandas 3.1.1, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pandas==3.1.1
"$folder/venv/bin/python" -W error - <<'PYTHON'
import pandas

print("pandas", pandas.__version__)
short = pandas.to_datetime(["2024-01-02", "2024-01-03"], dayfirst=True)
print("2024-01-02 and 2024-01-03:", *short.strftime("%d %B"), sep=" | ")
print("2024-01-02 alone by its format:", pandas.to_datetime("2024-01-02", format="ISO8601").strftime("%d %B"))
assert short.strftime("%d %B").tolist() == ["01 February", "01 March"], "the behaviour has changed"
PYTHON
echo "ISO dates are read as year-day-month where dayfirst=True is given"
