"""The `rnnzoo` command: the top layer, the only one that knows all the others."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs the command; errors that rnnzoo raises on purpose become one line and an exit code."""
    # Before TensorFlow is imported: its notes on CPU features and missing GPUs help nobody here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from rnnzoo.cli.app import run

    sys.exit(run(sys.argv[1:]))
