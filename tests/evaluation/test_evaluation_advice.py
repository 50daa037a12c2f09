"""Truth of ``rnnzoo.evaluation.compatibility``: what its messages, and those of decodings, advise works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from advice import followed
from rnnzoo import Decoding, Splits, TrainConfig, create_model, evaluate, train
from rnnzoo.evaluation.compatibility import check_model_fits, check_name_fits, choose_task
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.zoo import list_models

TAGGED = ([["a", "b"], ["c"]] * 20, [["N", "V"], ["N"]] * 20)
DNA = (["ACGT", "GGTA"] * 20, ["x", "y"] * 20)


def series() -> Splits:
    return Splits.from_arrays(np.zeros((40, 5, 3)), ["a", "b"] * 20)


def tagged(**options: Any) -> Splits:
    return Splits.from_arrays(*TAGGED, task="tagging", **options)


def fits(model: keras.Model, splits: Splits, task: str | None = None) -> None:
    chosen, splits = choose_task(model, splits, task)
    check_model_fits(model, splits, chosen)


def built(splits: Splits, name: str = "series-classifier-gru", **options: Any) -> keras.Model:
    return create_model(name, units=(4,), **{**splits.model_arguments, **options})


def named(name: str) -> keras.Model:
    """A model whose input has a name of its own."""
    inputs = [keras.Input((5, 3), name=name), keras.Input((5,), name="other")]
    x = keras.layers.GRU(4)(inputs[0])
    return keras.Model(inputs if name != "features" else inputs[0], keras.layers.Dense(2, name="logits")(x))


def without_test() -> Splits:
    return Splits.from_arrays(np.zeros((40, 5, 3)), ["a", "b"] * 20, test_fraction=0)


# What is refused, what the message says to do, and that.
ADVICE: list[tuple[Callable[[], object], str, tuple[Callable[[], object], ...]]] = [
    (
        lambda: fits(built(series(), num_classes=3), series()),
        "Build it with create_model(name, **splits.model_arguments).",
        (lambda: fits(built(series()), series()),),
    ),
    (
        lambda: fits(named("mine"), series()),
        "Name the model's inputs like the data's, or build it with **splits.model_arguments.",
        (lambda: fits(named("features"), series()), lambda: fits(built(series()), series())),
    ),
    (
        lambda: check_name_fits("dna-classifier-bilstm", Splits.from_arrays(*DNA)),
        "Pass preprocessing=rnnzoo.preprocessing.DNAPreprocessing() to Splits.from_arrays or read_texts",
        (
            lambda: check_name_fits(
                "dna-classifier-bilstm", Splits.from_arrays(*DNA, preprocessing=DNAPreprocessing())
            ),
        ),
    ),
    (
        lambda: check_name_fits("transcriber-bilstm", series()),
        "Choose a model for them (rnnzoo models)",
        (lambda: [name for name in list_models(task=series().task) if _suits(name)] != [],),
    ),
    (
        lambda: fits(
            built(tagged(), "text-tagger-char-bilstm-crf", character_vocabulary_size=9),
            tagged(),
            "crf_tagging",
        ),
        "Make the data with characters=True (of read_table or Splits.from_arrays; --characters).",
        (
            lambda: fits(
                built(tagged(characters=True), "text-tagger-char-bilstm-crf"), tagged(characters=True)
            ),
        ),
    ),
    (
        lambda: fits(built(tagged(), "text-tagger-bilstm"), tagged(), "crf_tagging"),
        "a model with crf=True such as 'text-tagger-bilstm-crf'",
        (
            lambda: fits(built(tagged(), "text-tagger-bilstm-crf"), tagged(), "crf_tagging"),
            lambda: fits(built(tagged(), "text-tagger-bilstm", crf=True), tagged(), "crf_tagging"),
        ),
    ),
    (
        lambda: fits(built(tagged(), "text-tagger-bilstm-crf"), tagged(), "tagging"),
        "Leave task out, which chooses it.",
        (lambda: fits(built(tagged(), "text-tagger-bilstm-crf"), tagged()),),
    ),
    (
        lambda: evaluate(built(without_test()), without_test()),
        "Use part='validation'.",
        (lambda: evaluate(built(without_test()), without_test(), part="validation"),),
    ),
    (
        lambda: Decoding("crf_tagging", labels=["N", "V"])(np.zeros((1, 2, 2)), [2]),
        "Build the model with crf=True, or use the decoding of task 'tagging'.",
        (
            lambda: Decoding("crf_tagging", labels=["N", "V"])(np.zeros((1, 2, 2, 2)), [2]),
            lambda: Decoding("tagging", labels=["N", "V"])(np.zeros((1, 2, 2)), [2]),
        ),
    ),
    (
        lambda: Splits.from_arrays(*TAGGED, task="crf_tagging"),
        "Pass task='tagging', and train a model with the output 'potentials'.",
        (lambda: fits(built(tagged(), "text-tagger-bilstm-crf"), tagged()),),
    ),
    (
        lambda: Splits.from_arrays(["a", "b", "c"] * 20, [1, 2, 3] * 20, task="binary_classification"),
        "Use task='classification'.",
        (lambda: Splits.from_arrays(["a", "b", "c"] * 20, [1, 2, 3] * 20, task="classification"),),
    ),
]


def _suits(name: str) -> bool:
    try:
        check_name_fits(name, series())
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("wrong", "advice", "ways"), ADVICE, ids=[advice[:50] for _, advice, _ in ADVICE])
def test_advice_works_when_it_is_followed(
    wrong: Callable[[], object], advice: str, ways: tuple[Callable[[], object], ...]
) -> None:
    followed(wrong, advice, *ways)


class Short(Decoding):
    def answers(self, outputs: np.ndarray, lengths: Any) -> list[Any]:
        return [None]


class EachRow(Decoding):
    def answer(self, row: np.ndarray) -> Any:
        return float(row[0])


def test_a_decoding_of_ones_own_answers_each_row_as_advised() -> None:
    followed(
        lambda: Short("classification", labels=["a", "b"])(np.zeros((2, 2))),
        "Correct answers, or define answer(row) instead.",
        lambda: EachRow("classification", labels=["a", "b"])(np.zeros((2, 2))) == [0.0, 0.0],
    )


def test_a_model_that_answers_nan_is_trained_again_as_advised() -> None:
    splits = series()
    broken = built(splits)
    broken.set_weights([np.full_like(weight, np.nan) for weight in broken.get_weights()])
    config = TrainConfig(epochs=1, tensorboard=False, learning_rate=1e-4, clip="global_norm", clip_bound=0.5)
    followed(
        lambda: evaluate(broken, splits),
        "answers NaN or infinity; expected finite outputs. Train it again with a lower learning_rate or gradient "
        "clipping.",
        lambda: evaluate(train(built(splits), splits, config=config, progress=False).model, splits),
    )
