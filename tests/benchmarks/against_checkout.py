"""Times the files that this checkout exports against those of another, such as an earlier commit, cell by cell.

    git worktree add ../old COMMIT
    python tests/benchmarks/against_checkout.py --old ../old

Each checkout exports one layer of 64 units behind an embedding that masks, and one that reads numbers, in a process of
its own and with the same weights. Then the files answer in turn: 100 steps, one thread, the token rows padded on the
right. Prints the time of the new file as a multiple of the old one's, and that of the old file opened twice, which
shows the noise; nothing is kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from timing import medians, session

from rnnzoo.cells import CELLS

HERE = Path(__file__).parents[2]
STEPS, WORDS, FEATURES = 100, 50, 16
NAMES = [name for name in CELLS if name not in ("convlstm", "gru_d")]  # which read images and gaps
ROWS = (1, 8, 32)
EXPORT = f"""
import sys
import keras
from pathlib import Path
from rnnzoo import build_classifier
from rnnzoo_export import export_onnx

folder, *cells = sys.argv[1:]
for cell in cells:
    for kind, data in (("masked", {{"vocabulary_size": {WORDS}}}), ("plain", {{"num_features": {FEATURES}}})):
        keras.utils.set_random_seed(0)
        model = build_classifier(num_classes=4, cell=cell, units=64, bidirectional=False, **data)
        export_onnx(model, Path(folder) / f"{{cell}}-{{kind}}.onnx", strict=False)
"""


def export(checkout: Path, folder: Path) -> None:
    """Exports every cell with the code of a checkout."""
    folder.mkdir()
    paths = os.pathsep.join(str(checkout / part) for part in ("", "export", "tuning"))
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, "-c", EXPORT, str(folder), *NAMES]
    subprocess.run(command, env=environment, cwd=folder, check=True)


def batch(kind: str, rows: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if kind == "plain":
        return rng.normal(size=(rows, STEPS, FEATURES)).astype(np.float32)
    lengths = np.r_[STEPS, rng.integers(STEPS // 2, STEPS + 1, rows - 1)]
    tokens = rng.integers(1, WORDS, (rows, STEPS)).astype(np.int32)
    return np.where(np.arange(STEPS) < lengths[:, None], tokens, 0).astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--old", type=Path, required=True, help="the other checkout")
    old = parser.parse_args().old.resolve()
    with tempfile.TemporaryDirectory() as name:
        folders = {"new": Path(name) / "new", "old": Path(name) / "old"}
        for checkout, folder in ((HERE, folders["new"]), (old, folders["old"])):
            export(checkout, folder)
        print(
            "new / old (old again / old)   " + "".join(f"{rows:>9} row{'s' * (rows > 1):1}" for rows in ROWS)
        )
        for file in sorted(path.name for path in folders["new"].iterdir() if path.suffix == ".onnx"):
            runs = {key: session(folder / file) for key, folder in folders.items()}
            runs["again"] = session(folders["old"] / file)
            (given,) = runs["new"].get_inputs()
            ratios = []
            for rows in ROWS:
                inputs = {given.name: batch("plain" if "plain" in file else "masked", rows)}
                seconds = medians({key: partial(run.run, None, inputs) for key, run in runs.items()})
                new, again = (seconds[key] / seconds["old"] for key in ("new", "again"))
                ratios.append(f"{new:.2f} ({again:.2f})")
            print(f"{file:30}" + "".join(f"{ratio:>14}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()
