"""Truth of ``rnnzoo.data.splits``: what is advised on rows, targets, parts and word vectors works when followed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from advice import Advice, followed
from joined_bundles import ROWS, joined, model
from rnnzoo import Splits, learn_word_vectors, load_dataset, read_word_vectors
from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.splitting import Parts

X = np.random.default_rng(0).normal(size=(40, 6, 2))
Y = ["a", "b"] * 20
TEXTS = [f"a good film {i}" for i in range(40)]
LENGTHS = [6, 4] * 20

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]


def made(inputs: Any = X, targets: Any = Y, **options: Any) -> Splits:
    return Splits.from_arrays(inputs, targets, **options)


def endless(batches: int | None = None) -> DatasetSplit:
    data = tf.data.Dataset.from_tensor_slices((X, np.arange(40) % 2)).batch(8).repeat()
    return DatasetSplit(data if batches is None else data.take(batches))


def vectors(vocabulary: Any, words: str = "film", **options: Any) -> object:
    Path("v.txt").write_text("".join(f"{word} 1 2\n" for word in words.split()))
    return read_word_vectors("v.txt", vocabulary, **options)


def vocabulary() -> list[str]:
    return list(made(TEXTS).get_preprocessing().vocabulary.words)  # type: ignore[attr-defined]


def learned(size: int, texts: list[str] = TEXTS) -> object:
    return learn_word_vectors(texts, made(TEXTS).get_preprocessing(), embedding_size=size)


def fitted() -> bool:
    """Trains a model of rows of several parts; what bundles make of it is tested with them."""
    network = model()
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(joined().apply(ROWS), np.arange(40) % 2, verbose=0)
    return bool(np.isfinite(network.history.history["loss"]).all())


NAMES = [f"class {i}" for i in range(40)]
MANY = [f"c{i % 10}" for i in range(40)]
ADVICE: dict[str, Advice] = {
    "endless": (endless, "expected one that does. Use take(n)", (partial(endless, 5),)),
    "lengths": (
        partial(made, lengths=LENGTHS),
        "Cut them: [row[:n] for row, n in zip(inputs, lengths)]",
        (lambda: made([row[:n] for row, n in zip(X, LENGTHS, strict=True)]),),
    ),
    "no axis": (
        lambda: made(X[..., 0]),
        "Of one feature each, pass inputs[..., None]",
        (lambda: made(X[..., 0][..., None]),),
    ),
    "one-hot": (
        lambda: made(targets=np.eye(2)[np.arange(40) % 2]),
        "Of one-hot rows pass y.argmax(axis=1); for several labels in a row pass task='multilabel_classification'",
        (
            lambda: made(targets=np.eye(2)[np.arange(40) % 2].argmax(axis=1)),
            lambda: made(targets=np.eye(2, dtype=int)[np.arange(40) % 2], task="multilabel_classification"),
        ),
    ),
    "no lists": (
        lambda: made(targets=Y, task="multilabel_classification"),
        "expected a list of labels. Pass lists",
        (lambda: made(targets=[[label] for label in Y], task="multilabel_classification"),),
    ),
    "numbers": (
        lambda: made(targets=np.arange(40) / 4),
        "To tell numbers, pass task='regression' (on the command line --task regression); to tell classes, give them "
        "names such as 'class 7'",
        (
            lambda: made(targets=np.arange(40) / 4, task="regression"),
            lambda: made(targets=NAMES, validation=(X[:2], NAMES[:2]), test=(X[:2], NAMES[:2])),
        ),
    ),
    "no label": (
        lambda: made(targets=[None, *Y[1:]]),
        "Drop rows without label",
        (lambda: made(X[1:], Y[1:]),),
    ),
    "no tag": (
        lambda: made([["a", "b"]] * 40, [["N", ""], *[["N", "V"]] * 39], task="tagging"),
        "Drop the row, or give such steps a label of their own",
        (
            lambda: made([["a", "b"]] * 39, [["N", "V"]] * 39, task="tagging"),
            lambda: made(
                [["a", "b"]] * 40, [["N", "none"], *[["N", "V"]] * 39], task="tagging", rare="train"
            ),
            lambda: made(
                [["a", "b"]] * 40, [["N", ""], *[["N", "V"]] * 39], task="tagging", unlabelled="leave_out"
            ),
        ),
    ),
    "rare": (
        lambda: made(targets=["odd", *Y[1:]]),
        "Add rows of rare classes, or pass rare='drop' to leave them out or rare='train' to keep them in the training "
        "part alone",
        (
            partial(made, targets=["odd", *Y[1:]], rare="drop"),
            partial(made, targets=["odd", *Y[1:]], rare="train"),
            lambda: made(np.concatenate([X, X[:9]]), ["odd", *Y[1:], *["odd"] * 9]),
        ),
    ),
    "many classes": (
        lambda: made(targets=MANY),
        "Choose other fractions, add rows, or call Splits.from_arrays with stratify=False",
        (
            lambda: made(targets=MANY, validation_fraction=0.25, test_fraction=0.25),
            lambda: made(np.tile(X, (3, 1, 1)), MANY * 3),
            lambda: made(np.tile(X, (2, 1, 1)), MANY * 2, stratify=False, seed=1, rare="error"),
        ),
    ),
    "few rows": (
        lambda: made(X[:1], Y[:1], stratify=False),
        "expected enough to split off 1. Add rows",
        (lambda: made(X[:8], Y[:8], stratify=False),),
    ),
    "rare without classes": (
        partial(made, stratify=False, rare="drop"),
        "expected one of both. Leave one out",
        (partial(made, stratify=False), partial(made, rare="drop")),
    ),
    "unknown label": (
        lambda: made(test=(X[:2], ["a", "new"])),
        "Put rows of every class into the training part",
        (lambda: made(targets=["new", *Y[1:]], validation=(X[:2], ["a", "b"]), test=(X[:2], ["a", "new"])),),
    ),
    "said twice": (
        lambda: made(parts=Parts(seed=3), seed=4),
        "out, or pass dataclasses.replace(",
        (lambda: made(parts=Parts(seed=4)), partial(made, seed=4)),
    ),
    "texts in place of sound": (
        lambda: made(TEXTS, TEXTS, task="transcription"),
        "Use rnnzoo.audio_splits for sound",
        (lambda: made(list(np.zeros((40, 20, 2))), ["ab"] * 40, task="transcription"),),
    ),
    "case of words": (
        lambda: vectors(["", "[UNK]", "film"], "FILM"),
        "Take vectors of the texts' language, or pass fold_case=True",
        (
            lambda: vectors(["", "[UNK]", "film"], "FILM", fold_case=True),
            lambda: vectors(["", "[UNK]", "film"]),
        ),
    ),
    "no vocabulary": (
        lambda: vectors("film"),
        "Pass splits.preprocessing.vocabulary.words",
        (lambda: vectors(vocabulary()),),
    ),
    "few words": (
        partial(learned, 200),
        "Give more texts, or a smaller embedding_size",
        (partial(learned, 2),),
    ),
    "fold": (
        lambda: load_dataset("digits", fold=1),
        "Write e.g. fold=0, folds=10",
        (lambda: load_dataset("digits", fold=0, folds=10),),
    ),
    "parts": (
        partial(made, ROWS, preprocessing=joined()),
        "with model.fit(preprocessing.apply(inputs), targets), and give the preprocessing to save_bundle",
        (fitted,),
    ),
    "option": (
        lambda: load_dataset("digits", max_tokens=9),
        "received for data set 'digits', which takes no options. Leave it out",
        (lambda: load_dataset("digits"),),
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_the_advice_works(case: str) -> None:
    wrong, advice, right = ADVICE[case]
    followed(wrong, advice, *right)
