"""Truth of ``rnnzoo.cli.interruptions``: Ctrl-C ends as Ctrl-C wherever it comes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.cli import app
from rnnzoo.cli.interruptions import interruptions


def test_an_interruption_inside_a_generator_of_tensorflow_is_one() -> None:
    def generate() -> Iterator[np.ndarray]:
        yield np.zeros(2, np.float32)
        raise KeyboardInterrupt

    dataset = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((2,), tf.float32))
    with pytest.raises(tf.errors.UnknownError):
        list(dataset)
    with pytest.raises(KeyboardInterrupt), interruptions():
        list(dataset)


def fail_of_an_interruption(*arguments: object, **options: object) -> None:
    raise SystemError("error return without exception set") from KeyboardInterrupt()


def test_one_that_led_to_another_error_is_one() -> None:
    with pytest.raises(KeyboardInterrupt), interruptions():
        fail_of_an_interruption()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="of its own"), interruptions():
        raise ValueError("of its own")


def test_a_command_ends_as_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "app", fail_of_an_interruption)
    assert app.run(["models"]) == 130
    assert capsys.readouterr().err == "stopped\n"
