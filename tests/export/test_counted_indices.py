"""Truth of ``rnnzoo_export.graph.counted_indices``: indices below zero, which ONNX counts from the end itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers, ops

from rnnzoo_export import export_onnx

WORDS = 7


def exported(model: keras.Model, path: Path) -> tuple[Mapping[str, int], onnxruntime.InferenceSession]:
    report = export_onnx(model, path)
    return report.operators, onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def test_an_embedding_is_one_gather_that_counts_from_the_end_as_keras_does(tmp_path: Path) -> None:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    model = keras.Model(tokens, layers.Embedding(WORDS, 3)(tokens))
    operators, session = exported(model, tmp_path / "model.onnx")
    assert operators == {"Gather": 1}
    ids = np.arange(-WORDS, WORDS, dtype=np.int32)[None]
    (found,) = session.run(None, {"tokens": ids})
    np.testing.assert_array_equal(found, model(ids))
    with pytest.raises(Exception, match="indices element out of data bounds"):
        session.run(None, {"tokens": np.array([[-WORDS - 1]], np.int32)})


@pytest.mark.parametrize("size", [WORDS - 1, WORDS + 1])
def test_what_only_looks_like_it_stays(size: int, tmp_path: Path) -> None:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    table = layers.Embedding(WORDS, 3)
    moved = ops.where(ops.less(tokens, 0), tokens + size, tokens)
    _, session = exported(keras.Model(tokens, table(ops.minimum(moved, WORDS - 1))), tmp_path / "model.onnx")
    ids = np.array([[-1, -2, 0, 3]], np.int32)
    (found,) = session.run(None, {"tokens": ids})
    expected = table(np.minimum(np.where(ids < 0, ids + size, ids), WORDS - 1))
    np.testing.assert_array_equal(found, expected)
    one_off = keras.Model(
        tokens, ops.take(table.embeddings.numpy(), ops.where(tokens < 1, tokens + WORDS, tokens), axis=0)
    )
    operators, _ = exported(one_off, tmp_path / "one_off.onnx")
    assert operators["Where"] >= 1
