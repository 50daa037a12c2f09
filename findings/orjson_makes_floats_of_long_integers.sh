#!/usr/bin/env bash
# orjson 3.13.0 reads an integer beyond 64 bits as a float, without an error: 18446744073709551617 becomes
# 1.8446744073709552e+19, another number. Python's json keeps it, and orjson itself refuses to write it. An identifier of
# twenty digits is so changed on the way through a server. Seen with Python 3.11 on 2026-11-29.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "orjson==3.13.0"
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys

import orjson

text = "[18446744073709551615, 18446744073709551616, 18446744073709551617]"
found, expected = orjson.loads(text), json.loads(text)
try:
    orjson.dumps(expected)
    written = "written"
except TypeError as error:
    written = f"refused ({error})"
print("orjson", orjson.__version__)
print("read by orjson:", found, [type(value).__name__ for value in found])
print("read by json:  ", expected)
print("what json has read, given to orjson.dumps:", written)
same = [type(value) for value in found] == [int, float, float] and found[1] == found[2] and found[2] != expected[2]
sys.exit(0 if same and written.startswith("refused") else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/ask.py"
