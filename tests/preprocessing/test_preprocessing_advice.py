"""Truth of ``rnnzoo.preprocessing.base``: what messages of preprocessings advise works when it is followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from advice import followed
from own_preprocessing import Letters
from rnnzoo import Splits, create_model, register
from rnnzoo.preprocessing import PREPROCESSINGS
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing
from rnnzoo.preprocessing.storage import check_round_trip, check_storable
from rnnzoo.preprocessing.subwords import SubwordPreprocessing
from rnnzoo.preprocessing.text import Vocabulary
from rnnzoo.preprocessing.words import WordPreprocessing

SERIES = np.arange(24.0).reshape(2, 4, 3)
OBSERVED = [{"times": [0, 1], "values": [[1.0], [None]]}, {"times": [0, 2], "values": [[3.0], [2.0]]}]
SOUND = [np.sin(np.arange(4000) / 9), np.cos(np.arange(4000) / 5)]
FILMS = np.arange(64.0).reshape(2, 2, 4, 4, 1) / 64


def vocabulary_of_keras() -> list[str]:
    layer = keras.layers.TextVectorization()
    layer.adapt(["good film", "bad film"])
    return list(layer.get_vocabulary())


# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]] = [
    (
        lambda: FeaturePreprocessing([0.0], [0.0], variable_length=False),
        "scales above 0. Use fit().",
        (lambda: FeaturePreprocessing.fit(SERIES),),
    ),
    (
        lambda: FramePreprocessing([0.0, 1.0], [1.0], frame_shape=(4, 4, 1), variable_length=False),
        "one value per channel. Use fit().",
        (lambda: FramePreprocessing.fit(FILMS),),
    ),
    (
        lambda: FramePreprocessing([0.0], [0.0], frame_shape=(4, 4, 1), variable_length=False),
        "scales above 0. Use fit().",
        (lambda: FramePreprocessing.fit(FILMS),),
    ),
    (
        lambda: IrregularPreprocessing([0.0], [1.0, 1.0], step=1.0),
        "scales above 0. Use fit().",
        (lambda: IrregularPreprocessing.fit(OBSERVED),),
    ),
    (
        lambda: IrregularPreprocessing([0.0], [1.0], step=0.0),
        "a time above 0. Use fit().",
        (lambda: IrregularPreprocessing.fit(OBSERVED),),
    ),
    (
        lambda: LogMelPreprocessing(8000, mean=[0.0], scale=[1.0]),
        "scales above 0. Use fit().",
        (lambda: LogMelPreprocessing.fit(SOUND, sample_rate=8000),),
    ),
    (
        lambda: LogMelPreprocessing(8000).encode([np.array([20000, -32768], np.int32).repeat(500)]),
        "Divide by the largest value of the recording's type, such as 32768.",
        (
            lambda: LogMelPreprocessing(8000).encode(
                [np.array([20000, -32768], np.int32).repeat(500) / 32768]
            ),
            lambda: LogMelPreprocessing(8000).encode([np.array([20000, -32768], np.int16).repeat(500)]),
        ),
    ),
    (
        lambda: SubwordPreprocessing({}),
        "the JSON of the package tokenizers. Use fit().",
        (lambda: SubwordPreprocessing.fit(["low lower lowest"] * 3, max_tokens=270),),
    ),
    (
        lambda: WordPreprocessing(["the"]),
        "no word twice. Use fit().",
        (lambda: WordPreprocessing.fit(["the dog runs"]),),
    ),
    (
        lambda: Vocabulary(["the", "dog"]),
        "Use fit(), or TextVectorization.get_vocabulary().",
        (
            lambda: Vocabulary.fit([[b"the", b"dog"]], max_tokens=9),
            lambda: Vocabulary(vocabulary_of_keras()),
        ),
    ),
    (
        lambda: Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20, preprocessing=Letters),  # type: ignore[arg-type]
        "Pass an instance such as Own(), not a class, name or config.",
        (lambda: Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20, preprocessing=Letters()),),
    ),
]


@pytest.mark.parametrize(("wrong", "advice", "ways"), ADVICE, ids=[advice[:50] for _, advice, _ in ADVICE])
def test_advice_works_when_it_is_followed(
    wrong: Callable[[], object], advice: str, ways: tuple[Callable[[], object], ...]
) -> None:
    followed(wrong, advice, *ways)


class Counting(Letters):
    """Keeps a NumPy value, which JSON does not hold."""

    kind: ClassVar[str] = "counting-letters"
    made: Callable[[Any], Any] = staticmethod(np.int64)

    def to_config(self) -> dict[str, Any]:
        return {"upper": self.made(self.upper)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Counting:
        return cls(upper=bool(config["upper"]))


@pytest.fixture
def counting() -> Any:
    yield Counting
    Counting.made = staticmethod(np.int64)
    if "counting-letters" in PREPROCESSINGS:
        PREPROCESSINGS.remove("counting-letters")


def test_a_class_of_ones_own_is_registered_and_kept_as_advised(counting: type[Counting]) -> None:
    followed(
        lambda: check_storable(counting()),
        "Call rnnzoo.register('preprocessing', 'counting-letters', Counting) first.",
        lambda: register("preprocessing", "counting-letters", counting),
        lambda: check_storable(counting()),
    )

    def with_python_values() -> None:
        counting.made = staticmethod(int)
        check_round_trip(counting())

    followed(
        lambda: check_round_trip(counting()),
        "Turn NumPy values into Python's with int(), float() or tolist()",
        with_python_values,
    )


def test_arguments_that_a_preprocessing_does_not_say_are_passed_by_hand() -> None:
    class Mute(FeaturePreprocessing):
        kind: ClassVar[str] = "mute-features"

        @property
        def model_arguments(self) -> dict[str, Any]:
            return super(FeaturePreprocessing, self).model_arguments

    preprocessing = Mute.fit(SERIES)
    followed(
        lambda: preprocessing.model_arguments,
        "pass the arguments yourself, such as create_model(name, num_features=8, num_classes=2).",
        lambda: create_model("series-classifier-gru", num_features=8, num_classes=2),
    )


class Forgetful(Letters):
    """Is made again without its argument."""

    kind: ClassVar[str] = "forgetful-letters"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Forgetful:
        return cls()


def test_a_preprocessing_that_is_not_made_again_is_corrected_as_advised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register("preprocessing", "forgetful-letters", Forgetful)

    def corrected() -> None:
        monkeypatch.setattr(Forgetful, "from_config", classmethod(lambda cls, config: cls(**config)))
        check_round_trip(Forgetful(upper=True))

    try:
        followed(
            lambda: check_round_trip(Forgetful(upper=True)),
            "expected the same preprocessing again. Correct to_config or from_config.",
            corrected,
        )
    finally:
        PREPROCESSINGS.remove("forgetful-letters")
