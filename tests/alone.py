"""A bundle in a process that has what a server needs, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_CODE = """
import json, sys
for heavy in ('pandas', 'tensorflow', 'keras', 'onnx', 'sklearn'): sys.modules[heavy] = None
from rnnzoo_export import OnnxPredictor, create_app
predictor = OnnxPredictor(sys.argv[1])
create_app(predictor)
print(json.dumps(predictor.predict([json.loads(sys.argv[2])])))
"""


def answers_alone(bundle: Path, row: Any) -> Any:
    """Returns what a bundle answers to one row where neither pandas nor TensorFlow can be imported."""
    command = [sys.executable, "-c", _CODE, str(bundle), json.dumps(row)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
