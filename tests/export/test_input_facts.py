"""Truth of ``rnnzoo_export.network.input_facts``: how many ids a model takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from proof_models import Own, of, own
from rnnzoo_export import export_onnx
from rnnzoo_export.network.exportable import Exportable


def embedded(x: Any) -> Any:
    return layers.LSTM(3)(layers.Embedding(2, 3)(x))


def with_table(x: Any, rnn: Any, table: Any) -> Any:
    return rnn(tf.gather(tf.convert_to_tensor(table.embeddings), tf.cast(x, tf.int32)))


IDS: dict[str, tuple[Callable[[], keras.Model], tuple[int, int], int | None]] = {
    "embedding": (lambda: of((None,), embedded), (0, 2), 2),
    "nested": (
        lambda: of((None,), keras.Sequential([keras.Input((None,)), layers.Embedding(5, 3), layers.GRU(2)])),
        (0, 5),
        5,
    ),
    "after moves": (
        lambda: of((None, 1), lambda x: embedded(ops.squeeze(ops.cast(x, "int32"), -1))),
        (0, 2),
        2,
    ),
    "two tables": (
        lambda: of((None,), lambda x: layers.Add()([layers.Embedding(9, 2)(x), layers.Embedding(4, 2)(x)])),
        (0, 4),
        4,
    ),
    "counted from one": (lambda: of((None,), lambda x: embedded(x - 1.0)), (1, 3), None),
    "a column": (
        lambda: of((None, 4), lambda x: layers.GRU(2)(layers.Embedding(6, 2)(x[..., 0]))),
        (0, 6),
        None,  # the other columns may hold more
    ),
    "replaced": (
        lambda: of((None,), lambda x: embedded(ops.where(x < 2, x, ops.zeros_like(x)))),
        (0, 2),
        None,
    ),
    "clipped": (lambda: of((None,), lambda x: embedded(ops.clip(x, 0, 1))), (0, 2), None),
    "one hot": (
        lambda: of((None,), lambda x: layers.GRU(2)(ops.one_hot(ops.cast(x, "int32"), 4))),
        (0, 4),
        None,
    ),
    "encoded": (
        lambda: of((1,), lambda x: layers.CategoryEncoding(5, output_mode="one_hot")(x), "int32"),
        (0, 5),
        None,
    ),
    "own model": (
        lambda: own(
            lambda x, table, rnn: rnn(table(ops.cast(x, "int32"))), layers.Embedding(7, 2), layers.GRU(2)
        ),
        (0, 7),
        7,
    ),
    "own table": (
        lambda: own(lambda x, rnn, table: with_table(x, rnn, table), layers.GRU(2), built(8)),
        (0, 8),
        8,
    ),
}


def built(size: int) -> Any:
    table = layers.Embedding(size, 2)
    table.build((None,))
    return table


@pytest.mark.parametrize("name", IDS)
def test_ids_are_drawn_wherever_their_number_is_known(name: str, tmp_path: Path) -> None:
    build, ids, categories = IDS[name]
    model = build()
    signature = keras.Input((None,), name="x") if isinstance(model, Own) else None
    export_onnx(model, tmp_path / "model.onnx", input_signature=signature)
    exportable = Exportable(model, input_signature=signature)
    (facts,) = exportable.facts.values()
    assert facts.ids == ids
    # What is said to servers: which ids are refused.
    assert exportable.signature.inputs[0].categories == categories
    drawn = exportable.batches().batch("full", 200, 7).arrays["x"]
    used = drawn[..., 0] if name == "a column" else drawn
    assert set(np.unique(used)) <= set(range(*ids))
    assert len(np.unique(used)) >= max(1, ids[1] - ids[0] - 1)
