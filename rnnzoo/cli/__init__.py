"""The `rnnzoo` command: the top layer, the only one that knows all the others."""

from __future__ import annotations

import gc
import os
import sys

# After how many new objects, and how many times more of those that stay, garbage is looked for.
_GARBAGE = (100_000, 20, 100)


def main() -> None:
    """Runs the command; errors that rnnzoo raises on purpose become one line and an exit code."""
    # Before TensorFlow is imported: its notes on CPU features and missing GPUs help nobody here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Imports make a hundred thousand objects, nearly all of which stay. To look for garbage among them again and again
    # takes a tenth of the start.
    gc.set_threshold(*_GARBAGE)
    # What reads options asks all installed packages for plugins, of which it needs none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from rnnzoo.cli.app import run

    sys.exit(run(sys.argv[1:]))
