"""A forecaster of a panel that reads everything, as a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo.preprocessing import WindowPreprocessing
from window_panels import FIELDS, HORIZON, decoding_of, panel, request

EVERYTHING: dict[str, Any] = {
    "scaling": "series",
    "future": ["number", "category"],
    "static": ["number", "category"],
    "calendar": FIELDS,
}


def forecaster(preprocessing: WindowPreprocessing, targets: int = 2, **options: Any) -> Any:
    """A small forecaster of what a preprocessing makes."""
    import keras

    from rnnzoo import build_forecaster

    arguments = {name: count for name, count in preprocessing.model_arguments.items() if name != "window"}
    keras.utils.set_random_seed(3)
    return build_forecaster(
        cell="gru", units=3, horizon=HORIZON, num_targets=targets, **{**arguments, **options}
    )


def outputs_of(model: Any, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a model answers to arrays by name."""
    given = [inputs[tensor.name] for tensor in model.inputs]
    return np.asarray(model(given if len(given) > 1 else given[0]), np.float64)


@pytest.fixture(scope="session")
def panel_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forecaster of two targets from all that a request may hold."""
    from rnnzoo_export import save_bundle

    preprocessing = panel(**EVERYTHING)
    folder = tmp_path_factory.mktemp("panel") / "bundle"
    save_bundle(
        forecaster(preprocessing),
        folder,
        preprocessing=preprocessing,
        decoding=decoding_of(),
        task="forecasting",
        name="shops",
        provenance={"example": request(0)},
        also=["raw"],
    )
    return folder
