"""Truth of ``rnnzoo_tuning.default_space``: what varies of each family, and noise only where targets stay true."""

from __future__ import annotations

import keras_tuner
import numpy as np
import pytest

from rnnzoo import Splits, create_model, list_models
from rnnzoo.errors import UnknownNameError
from rnnzoo.training.config import TrainConfig
from rnnzoo_tuning import Choice, default_space


@pytest.mark.parametrize("name", list_models())
def test_that_of_every_model_begins_with_one_that_can_be_built(name: str) -> None:
    arguments, training = default_space(name).draw(keras_tuner.HyperParameters())
    model = create_model(name, **arguments)
    assert model.name == name
    assert model.trainable_variables
    assert TrainConfig(**training).schedule == "constant"


def test_families_have_dimensions_of_their_own() -> None:
    assert "embedding_size" in default_space("text-classifier-gru").model
    assert "embedding_size" not in default_space("series-classifier-gru").model
    # One direction can be streamed, but for other poolings than the last output.
    assert "pooling" in default_space("text-classifier-bilstm").model
    assert "pooling" not in default_space("text-classifier-gru").model


def test_noise_is_what_the_data_allow() -> None:
    x = np.random.default_rng(0).normal(size=(40, 5, 3)).astype(np.float32)
    series = Splits.from_arrays(x, ["a", "b"] * 20)
    found = default_space("series-classifier-gru", series).training["augmentation"]
    assert found == Choice((None, {"scaling": 0.1}, {"jitter": 0.05}))
    assert "augmentation" not in default_space("series-classifier-gru").training


def test_groups_are_chosen_by_name() -> None:
    space = default_space("text-classifier-bilstm", groups=["regularization"])
    assert list(space.dimensions) == ["dropout", "weight_decay"]
    assert next(iter(default_space("text-classifier-bilstm").training)) == "learning_rate"
    with pytest.raises(UnknownNameError, match="did you mean 'regularization'"):
        default_space("text-classifier-bilstm", groups=["regularisation"])
