"""Truth of ``rnnzoo.data.vectors.learned_vectors``.

Word vectors from texts without labels, against the formula and against what words mean.
"""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo import Splits, build_classifier, learn_word_vectors
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import TextPreprocessing

TEXTS = ["the red car", "the blue car", "a red bus", "a blue bus stops", "the bus stops"] * 8


def splits(texts: list[str] = TEXTS) -> Splits:
    return Splits.from_arrays(texts, ["x", "y"] * (len(texts) // 2))


def test_vectors_are_the_singular_vectors_of_the_positive_information() -> None:
    data = splits()
    words = data.get_preprocessing(TextPreprocessing).vocabulary.words
    size, window = 4, 2
    counts = np.zeros((len(words), len(words)))
    for text in TEXTS:
        ids = [words.index(word) for word in text.split()]
        for i, first in enumerate(ids):
            for distance in range(1, window + 1):
                if i + distance < len(ids):
                    counts[first, ids[i + distance]] += 1 / distance
                    counts[ids[i + distance], first] += 1 / distance
    contexts = counts.sum(1) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(counts * contexts.sum() / np.outer(counts.sum(1), contexts))
    information[~(information > 0)] = 0
    left, values, _ = np.linalg.svd(information)
    expected = left[:, :size] * np.sqrt(values[:size])
    expected *= 0.3 / np.sqrt((expected[2:] ** 2).mean())
    found = learn_word_vectors(TEXTS, data.get_preprocessing(), embedding_size=size, window=window)
    # Singular vectors are known up to their sign: all products are alike.
    np.testing.assert_allclose(
        found.matrix[2:] @ found.matrix[2:].T, expected[2:] @ expected[2:].T, atol=1e-4
    )
    assert np.sqrt((found.matrix[2:] ** 2).mean()) == pytest.approx(0.3, rel=1e-4)
    assert not found.matrix[0].any()


def test_words_of_one_use_are_near_each_other() -> None:
    data = splits()
    vectors = learn_word_vectors(TEXTS, data.get_preprocessing(), embedding_size=4)
    words = data.get_preprocessing(TextPreprocessing).vocabulary.words
    unit = vectors.matrix / np.maximum(np.linalg.norm(vectors.matrix, axis=1, keepdims=True), 1e-9)
    red, blue, stops = (unit[words.index(word)] for word in ("red", "blue", "stops"))
    assert red @ blue > red @ stops


def test_texts_do_not_touch_each_other_and_a_seed_repeats() -> None:
    data = splits()
    apart = ["red car", "blue bus"] * 20
    first, second = (
        learn_word_vectors(texts, data.get_preprocessing(), embedding_size=2, seed=3).matrix
        for texts in (apart, apart)
    )
    np.testing.assert_array_equal(first, second)
    swapped = learn_word_vectors(apart[::-1], data.get_preprocessing(), embedding_size=2, seed=3).matrix
    seen = [
        data.get_preprocessing(TextPreprocessing).vocabulary.words.index(word)
        for word in ("red", "car", "blue", "bus")
    ]
    np.testing.assert_allclose(swapped[seen], first[seen], atol=1e-6)


def test_a_classifier_starts_from_them() -> None:
    data = splits()
    vectors = learn_word_vectors(TEXTS, data.get_preprocessing(), embedding_size=4)
    model = build_classifier(
        **data.model_arguments, embedding_size=4, embedding_weights=vectors.matrix, units=(3,)
    )
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], vectors.matrix)


def test_too_few_words_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        learn_word_vectors(TEXTS, splits().get_preprocessing(), embedding_size=50)
    assert str(caught.value) == (
        "texts: received 40 with 7 words that have neighbours; expected more than embedding_size=50. Give more texts, "
        "or a smaller embedding_size."
    )
