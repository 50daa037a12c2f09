"""Truth of ``rnnzoo_export.graph.lookup_nodes``: a table of whole numbers before an embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from rnnzoo_export import export_onnx
from rnnzoo_export.network.exportable import Exportable

KNOWN = [3, 5, 9]


def network(**options: Any) -> keras.Model:
    ids = keras.Input((None,), dtype="int64", name="ids")
    found = layers.IntegerLookup(vocabulary=KNOWN, **options)(ids)
    return keras.Model(ids, layers.LSTM(4)(layers.Embedding(7, 3)(found)))


@pytest.mark.parametrize(
    "options",
    [{}, {"num_oov_indices": 2}, {"mask_token": 0}, {"num_oov_indices": 0}],
    ids=["one unknown", "two unknown", "mask", "none unknown"],
)
def test_it_looks_up_as_keras_does(options: dict[str, Any], tmp_path: Path) -> None:
    model = network(**options)
    report = export_onnx(model, tmp_path / "model.onnx")
    assert report.fused == ("lstm",) or report.fused[0].startswith("lstm")
    assert report.operators["LabelEncoder"] == 1
    x = np.array([[3, 5, 9, 3], [9, 9, 5, 3]])
    if options.get("num_oov_indices") != 0:
        x = np.concatenate([x, [[7, 3, -4, 100], [0, 5, 0, 0]]])
    (found,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"ids": x})
    np.testing.assert_allclose(found, np.asarray(model(x)), atol=1e-6)


def test_the_proof_draws_what_the_table_knows() -> None:
    exportable = Exportable(network())
    assert sorted(exportable.facts["ids"].keys) == [*KNOWN, 10]
    drawn = exportable.batches().batch("full", 20, 10).arrays["ids"]
    assert set(np.unique(drawn)) == {*KNOWN, 10}
    assert set(Exportable(network(num_oov_indices=0)).facts["ids"].keys) == set(KNOWN)


def test_a_table_may_count_categories(tmp_path: Path) -> None:
    ids = keras.Input((4,), dtype="int64", name="ids")
    counts = layers.IntegerLookup(vocabulary=KNOWN, output_mode="multi_hot")(ids)
    report = export_onnx(keras.Model(ids, layers.Dense(2)(counts)), tmp_path / "model.onnx")
    assert report.fused == ()
