"""Makes one artefact of each kind with the code as it is, for the tests of later releases.

    python tests/artefacts/make_artefacts.py    # writes tests/artefacts/release-VERSION.tar.xz

What a release has written stays as it is: the script refuses to write over it. Texts and series are drawn here,
digits come with scikit-learn, and nothing that is written names the machine or a folder of it. Pictures and reports,
which no code reads, are left out; all else is as the release wrote it, empty folders too, hence the archive.
"""

# mypy: disable-error-code="union-attr, index"

from __future__ import annotations

import json
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np

import rnnzoo
from rnnzoo import Splits, TrainConfig, create_model, train
from rnnzoo.cli.app import run as rnnzoo_command
from rnnzoo.files import refuse_existing_file, write_csv, write_json
from rnnzoo.training.run.checkpoint import Checkpoint
from rnnzoo.version import __version__
from rnnzoo_export import OnnxPredictor, save_bundle
from rnnzoo_tuning import Choice, Real, SearchSpace, run_search

HERE = Path(__file__).resolve().parent
GOOD, BAD = ("bright", "fine", "kind", "warm"), ("cold", "dull", "grim", "rude")
TEXTS = ["A warm and fine day", "grim, cold, dull", "Kind of rude!", "something else"]
SPACE = SearchSpace(
    model={"units": Choice(((3,), (5,)))}, training={"learning_rate": Real(3e-3, 1e-1, log=True)}
)
CONFIG = TrainConfig(epochs=3, batch_size=32, tensorboard=False, seed=3)


def texts() -> Splits:
    """Two hundred short texts of two classes."""
    rng = np.random.default_rng(0)
    rows = [
        " ".join([*rng.choice(words, int(rng.integers(1, 6))), *rng.choice(("a", "and", "day", "of"), 3)])
        for words in (GOOD, BAD)
        for _ in range(100)
    ]
    return Splits.from_arrays(rows, ["good"] * 100 + ["bad"] * 100, seed=0)


def series() -> Splits:
    """A noisy wave beside its own noise, to be forecast."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 300)
    write_csv("wave.csv", [{"wave": np.sin(i / 4) + z, "noise": z} for i, z in enumerate(noise)])
    return rnnzoo.read_table("wave.csv", target="wave", window=12, horizon=3)


def make_bundle(
    name: str, splits: Splits, out: Path, *, also: tuple[str, ...] = (), **arguments: Any
) -> None:
    """Trains a tiny model and exports it."""
    keras.utils.set_random_seed(3)
    model = create_model(name, **{**splits.model_arguments, **arguments})
    result = train(model, splits, config=TrainConfig(epochs=8, learning_rate=0.02, seed=3), progress=False)
    inputs, _, _ = next(iter(splits.test.batches(16)))
    save_bundle(
        model,
        out,
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        provenance={"data": splits.description, "example": plain(splits.test.raw[0])},
        metrics=result.metrics,
        parity_inputs=inputs,
        also=also,
        quantization_data=splits.validation,
    )


def plain(raw: Any) -> Any:
    """Returns a raw input as JSON has it."""
    return raw if isinstance(raw, str) else np.asarray(raw).tolist()


def make_run(out: Path) -> int:
    """Trains on the digits by the command; returns how it ended."""
    options = ["--epochs", "2", "--seed", "3", "--set", "units=4", "--set", "tensorboard=false"]
    return rnnzoo_command(["train", "series-classifier-gru", "--data", "digits", "--out", str(out), *options])


def make_unfinished_run(out: Path) -> int:
    """The same, stopped after its first epoch."""
    save = Checkpoint.on_epoch_end

    def stop(self: Checkpoint, epoch: int, logs: Any = None) -> None:
        save(self, epoch, logs)
        raise KeyboardInterrupt

    with mock.patch.object(Checkpoint, "on_epoch_end", stop):
        return make_run(out)


def make_search(out: Path) -> list[dict[str, Any]]:
    """Searches at random, three trials."""
    found = run_search(
        "text-classifier-gru",
        texts(),
        algorithm="random",
        max_trials=3,
        directory=out,
        space=SPACE,
        arguments={"embedding_size": 4},
        config=CONFIG,
        seed=3,
        progress=False,
    )
    return found.trials


def pack(folder: Path, target: Path) -> None:
    """Packs what was made, without names, users and times of this machine."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return None if member.name.endswith((".png", "report.html")) else member

    with tarfile.open(target, "w:xz") as archive:
        archive.add(folder, target.name.removesuffix(".tar.xz"), filter=anonymous)


def main() -> None:
    """Writes all of them, and what they answer."""
    target = HERE / f"release-{__version__}.tar.xz"
    refuse_existing_file(target)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        root = Path("artefacts")
        splits = series()
        histories = [plain(splits.test.raw[number]) for number in range(3)]
        also = ("raw", "streaming", "weights_int8")
        make_bundle(
            "text-classifier-gru", texts(), root / "text-bundle", also=also, units=(8,), embedding_size=16
        )
        make_bundle("forecaster-lstm", splits, root / "forecast-bundle", units=(4,))
        assert make_run(root / "run") == 0
        assert make_unfinished_run(root / "unfinished-run") == 130
        expected = {
            "texts": {"inputs": TEXTS, "answers": OnnxPredictor(root / "text-bundle").predict(TEXTS)},
            "forecasts": {
                "inputs": histories,
                "answers": OnnxPredictor(root / "forecast-bundle").predict(histories),
            },
            "run": json.loads((root / "run" / "metrics.json").read_text())["test"],
            "search": make_search(root / "search"),
        }
        write_json(root / "expected.json", expected)
        pack(root, target)


if __name__ == "__main__":
    main()
