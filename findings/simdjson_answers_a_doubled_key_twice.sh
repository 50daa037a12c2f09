#!/usr/bin/env bash
# pysimdjson 7.0.2 answers a key that stands twice in an object in two ways: document["shape"] is the first value, the same
# document as a dict has the last. Python's json and orjson have the last. A server that checks one value and a library behind
# it that takes the dict so see two requests in one. Nothing but keys() shows it, which lists the key twice. Seen with Python
# 3.11 on 2026-11-30. Output:
#     by key: [1], as a dict: [2], keys: ['shape', 'shape']
#     json: [2], orjson: [2]
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pysimdjson==7.0.2" "orjson==3.13.0"
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import orjson
import simdjson

text = b'{"shape": [1], "shape": [2]}'
document = simdjson.Parser().parse(text)
by_key, as_dict, keys = document["shape"].as_list(), document.as_dict()["shape"], list(document)
others = json.loads(text)["shape"], orjson.loads(text)["shape"]
print("pysimdjson", version("pysimdjson"), "orjson", orjson.__version__)
print(f"by key: {by_key}, as a dict: {as_dict}, keys: {keys}")
print(f"json: {others[0]}, orjson: {others[1]}")
same = by_key == [1] and as_dict == [2] and keys == ["shape", "shape"] and others == ([2], [2])
sys.exit(0 if same else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/ask.py"
