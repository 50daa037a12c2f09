"""Truth of ``rnnzoo_export.formats.onnx_export``: networks drawn at random are right or refused in words of ours."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from random_networks import arrays, draw_network
from rnnzoo.errors import ParityError, RnnzooError
from rnnzoo_export import export_onnx

SEEDS = 500
# The proof compares relative to the largest number of a unit; these networks multiply rounding a little more.
TOLERANCE = 1e-4
# What every refusal says: what to do.
_FIX = re.compile(
    r"\b(expected|Change|Replace|Pass|pass|Move|Export|Write|Use|use|Give|give|Build|Leave|leave)\b"
)


def outcome(seed: int, folder: Path) -> str:
    """Exports the network of a seed: ``"right"``, or what it was refused with."""
    model, words = draw_network(seed)
    path = folder / f"{seed}.onnx"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = export_onnx(model, path, strict=False)
    except ParityError as error:
        pytest.fail(f"seed {seed} ({', '.join(words)}) is converted wrongly: {error}")
    except RnnzooError as error:
        if "tf2onnx" in str(error) or not _FIX.search(str(error)):
            pytest.fail(f"seed {seed} ({', '.join(words)}) is refused in words that are not ours: {error}")
        return f"{type(error).__name__}: {error}"
    assert report.parity.cases > 0
    assert_right(model, path, seed)
    return "right"


def assert_right(model: keras.Model, path: Path, seed: int) -> None:
    """The file answers rows that the proof has not seen as the model does."""
    given = arrays(model, seed)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    assert sorted(names) == sorted(given)
    found = session.run(None, {name: given[name] for name in names})
    known = model(given if isinstance(model.input, dict) else [given[tensor.name] for tensor in model.inputs])
    expected = keras.tree.flatten(known)
    assert len(found) == len(expected)
    for answer, truth in zip(found, expected, strict=True):
        truth = np.asarray(truth)
        scale = max(1.0, float(np.abs(truth).max(initial=0)))
        np.testing.assert_allclose(answer, truth, rtol=0, atol=TOLERANCE * scale, err_msg=f"seed {seed}")


@pytest.mark.parametrize("seed", range(4))
def test_a_network_of_a_seed_is_right(seed: int, tmp_path: Path) -> None:
    assert outcome(seed, tmp_path) == "right"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first", range(0, SEEDS, 50))
def test_many_networks_are_right_or_refused_in_our_words(first: int, tmp_path: Path) -> None:
    outcomes = Counter(outcome(seed, tmp_path) for seed in range(first, first + 50))
    assert outcomes["right"] >= 45, outcomes


def test_a_seed_draws_the_same_network_again() -> None:
    (first, words), (second, again) = (draw_network(11) for _ in range(2))
    assert words == again
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
