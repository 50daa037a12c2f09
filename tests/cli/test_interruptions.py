"""Truth of ``rnnzoo.cli.interruptions``: Ctrl-C ends as Ctrl-C wherever it comes."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.cli import app, interruptions
from rnnzoo.cli.interruptions import TerminationError, terminations


def test_an_interruption_inside_a_generator_of_tensorflow_is_one() -> None:
    def generate() -> Iterator[np.ndarray]:
        yield np.zeros(2, np.float32)
        raise KeyboardInterrupt

    dataset = tf.data.Dataset.from_generator(generate, output_signature=tf.TensorSpec((2,), tf.float32))
    with pytest.raises(tf.errors.UnknownError):
        list(dataset)
    with pytest.raises(KeyboardInterrupt), interruptions.interruptions():
        list(dataset)


def fail_of_an_interruption(*arguments: object, **options: object) -> None:
    raise SystemError("error return without exception set") from KeyboardInterrupt()


def test_one_that_led_to_another_error_is_one() -> None:
    with pytest.raises(KeyboardInterrupt), interruptions.interruptions():
        fail_of_an_interruption()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="of its own"), interruptions.interruptions():
        raise ValueError("of its own")


def test_a_command_ends_as_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "make_app", lambda commands: fail_of_an_interruption)
    assert app.run(["models"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminationError)]
)
def test_a_signal_ends_a_block_even_where_python_loses_what_is_raised(
    number: signal.Signals, kind: type[BaseException]
) -> None:
    class Lost:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def lose() -> None:
        Lost()
        time.sleep(5)

    before = signal.getsignal(number), sys.unraisablehook
    with pytest.raises(kind), terminations():
        lose()
    with pytest.raises(kind), terminations():
        signal.raise_signal(number)
    with pytest.raises(ValueError, match="of its own"), terminations():
        raise ValueError("of its own")
    assert (signal.getsignal(number), sys.unraisablehook) == before


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, TerminationError)]
)
def test_a_signal_that_a_library_has_caught_comes_again(
    number: signal.Signals, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def catch() -> None:
        with contextlib.suppress(BaseException):
            signal.raise_signal(number)
        time.sleep(5)

    monkeypatch.setattr(interruptions, "_UNHEARD", 0.1)
    with pytest.raises(kind), terminations():
        catch()


def test_a_command_ends_as_terminated(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*arguments: object, **options: object) -> None:
        with terminations():
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(app, "make_app", lambda commands: ended)
    assert app.run(["models"]) == 143
