#!/usr/bin/env bash
# pysimdjson 7.0.2 makes a buffer of lists of unequal length without an error: as_buffer of [[1, 2, 3], [], [4]] is 1, 2, 3, 4,
# as long as that of [[1, 2], [3, 4]]. NumPy refuses such lists. Whoever reshapes the buffer gets numbers in places where the
# client has put none, unless the lengths are compared first. Seen with Python 3.11 on 2026-11-30. Output:
#     equal lengths:   [[1.0, 2.0], [3.0, 4.0]]
#     unequal lengths: [[1.0, 2.0], [3.0, 4.0]]
#     NumPy: ValueError
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pysimdjson==7.0.2" "numpy==2.4.6"
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import numpy as np
import simdjson


def square(text):
    lists = simdjson.Parser().parse(text)
    return np.frombuffer(lists.as_buffer(of_type="d")).reshape(2, 2).tolist()


ragged = b"[[1, 2, 3], [], [4]]"
equal, unequal = square(b"[[1, 2], [3, 4]]"), square(ragged)
try:
    np.array(json.loads(ragged), float)
    refused = "nothing"
except ValueError:
    refused = "ValueError"
print("pysimdjson", version("pysimdjson"), "numpy", np.__version__)
print("equal lengths:  ", equal)
print("unequal lengths:", unequal)
print("NumPy:", refused)
sys.exit(0 if equal == unequal == [[1.0, 2.0], [3.0, 4.0]] and refused == "ValueError" else 1)
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/ask.py"
