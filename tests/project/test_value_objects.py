"""Truth of ``rnnzoo.value_objects``: what public value objects say of wrong keywords."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any

import pytest

import rnnzoo
import rnnzoo_tuning
from rnnzoo.errors import ArgumentError, UnknownNameError

WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (rnnzoo.TrainConfig, {"epoch": 1}, "epochs"),
    (rnnzoo.Parts, {"validation_fractions": 0.1}, "validation_fraction"),
    (rnnzoo.Fractions, {"test_fractoin": 0.1}, "test_fraction"),
    (rnnzoo.Columns, {"targets": "load"}, "target"),
    (rnnzoo.Windows, {"window": 2, "horizons": 1}, "horizon"),
    (rnnzoo.SequenceColumns, {"series": "id", "labels": "kind"}, "label"),
    (rnnzoo.FileFormat, {"seperator": ";"}, "separator"),
    (rnnzoo.TableFormat, {"column_name": []}, "column_names"),
    (rnnzoo.WordOptions, {"max_token": 10}, "max_tokens"),
    (rnnzoo.Regularization, {"weight_dropp": 0.5}, "weight_drop"),
    (rnnzoo.EncoderConfig, {"cel": "gru"}, "cell"),
    (rnnzoo.EmbeddingConfig, {"embeding_size": 8}, "embedding_size"),
    (rnnzoo.Task, {"nam": "own"}, "name"),
    (rnnzoo.RollingOrigin, {"origin": 3}, "origins"),
    (rnnzoo_tuning.SearchSpace, {"models": {}}, "model"),
    (rnnzoo_tuning.Condition, {"value": (1,)}, "values"),
]


def public_value_objects() -> set[Any]:
    found = (getattr(package, name) for package in (rnnzoo, rnnzoo_tuning) for name in package.__all__)
    return {kind for kind in found if isinstance(kind, type) and dataclasses.is_dataclass(kind)}


@pytest.mark.parametrize(("kind", "options", "near"), WRONG, ids=[kind.__name__ for kind, _, _ in WRONG])
def test_the_nearest_field_is_named(kind: Any, options: dict[str, Any], near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"unknown field of {kind.__name__}: .*did you mean {near!r}"):
        kind(**options)
    assert near in inspect.signature(kind).parameters


def test_every_value_object_that_users_make_is_among_them() -> None:
    # What rnnzoo makes itself, and users read.
    results = {
        "BacktestResult",
        "CrossValidation",
        "CudnnReport",
        "FoldScores",
        "ModelSpec",
        "PairedDifference",
        "SearchResult",
        "Splits",
        "TrainResult",
        "TransferReport",
        "WordVectors",
    }
    numbers = {"Choice", "Integer", "Real"}
    assert {kind.__name__ for kind in public_value_objects()} - {kind.__name__ for kind, _, _ in WRONG} <= (
        results | numbers
    )


def test_what_is_missing_or_without_a_name_is_said() -> None:
    with pytest.raises(
        ArgumentError, match=r"^Windows: received no horizon; expected it\. Pass horizon=\.\.\.$"
    ):
        rnnzoo.Windows(4)  # type: ignore[call-arg]
    with pytest.raises(
        ArgumentError, match=r"^TrainConfig: received 3 without a name; expected keywords: epochs, "
    ):
        rnnzoo.TrainConfig(3)  # type: ignore[call-arg]


def test_they_stay_dataclasses() -> None:
    config = rnnzoo.TrainConfig(epochs=3)
    assert dataclasses.replace(config, epochs=4).epochs == 4
    assert copy.copy(config) == pickle.loads(pickle.dumps(config)) == config
    assert rnnzoo.Windows(4, 2) == rnnzoo.Windows(window=4, horizon=2)
