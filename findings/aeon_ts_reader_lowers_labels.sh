#!/usr/bin/env bash
# aeon 1.6.0, a library for time series, reads the .ts files of the UCR and UEA archives with all class labels in lower case:
# a file with the labels "Walking" and "Standing" gives "walking" and "standing". Two classes that differ in case alone, as the
# units "mV" and "MV" do here, become one class without a warning: y has one value where the file declares two. A model that was
# trained through aeon therefore answers other labels than one that was trained from the same file by a reader that keeps them,
# and the two cannot be compared label by label. Seen on 2026-11-29 with Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "aeon==1.6.0"
cat > "$folder/units.ts" <<'TS'
@problemName Units
@timestamps false
@missing false
@univariate true
@equalLength true
@seriesLength 3
@classLabel true mV MV
@data
0.001,0.002,0.003:mV
1000.0,2000.0,3000.0:MV
TS
cat > "$folder/read.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from aeon.datasets import load_from_ts_file

values, labels = load_from_ts_file(sys.argv[1])
print(f"aeon {version('aeon')}: {values.shape[0]} series, labels {labels.tolist()}, classes {np.unique(labels).tolist()}")
assert labels.tolist() == ["mv", "mv"], "the labels are no longer lowered: the behaviour has changed"
assert len(np.unique(labels)) == 1, "two classes are kept apart: the behaviour has changed"
PYTHON
"$folder/venv/bin/python" "$folder/read.py" "$folder/units.ts"
