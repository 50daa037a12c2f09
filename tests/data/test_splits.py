"""Truth of ``rnnzoo.data.splits`` and ``rnnzoo.data.splitting``: no leak, no silent repair."""

# mypy: disable-error-code="arg-type, union-attr"

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labelled_tables import LABELS, TEXTS, csv_of, forecast, frame, write
from rnnzoo import Splits, load_dataset, read_table
from rnnzoo.data.groups import split_groups
from rnnzoo.data.readers.running_text import text_stream_splits
from rnnzoo.errors import ArgumentError, DataError


def test_parts_are_disjoint_stratified_and_repeatable() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS, seed=4)
    parts = [splits.train, splits.validation, splits.test]
    found = [list(part.raw or ()) for part in parts if part is not None]
    assert sorted(text for part in found for text in part) == sorted(TEXTS)
    assert [len(part) for part in found] == [42, 9, 9]
    for part in found:
        assert sum(LABELS[TEXTS.index(text)] == "no" for text in part) == len(part) // 3
    again = Splits.from_arrays(TEXTS, LABELS, seed=4)
    assert list(again.test.raw) == found[2]
    assert list(Splits.from_arrays(TEXTS, LABELS, seed=5).test.raw) != found[2]
    assert again.description["checksum"] == splits.description["checksum"]


def test_nothing_is_fitted_on_held_out_rows() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS)
    words = {word for text in splits.train.raw for word in text.split()}
    assert set(splits.preprocessing.vocabulary.words[2:]) == words
    x = np.arange(40, dtype=float).reshape(10, 2, 2)
    given_parts = Splits.from_arrays(
        x, [0, 1] * 5, validation=(x * 1000, [0, 1] * 5), test=(x * -1000, [0, 1] * 5)
    )
    np.testing.assert_allclose(given_parts.preprocessing.mean, x.reshape(-1, 2).mean(axis=0))


def test_messages_do_not_list_all_there_is(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_of())
    with pytest.raises(ArgumentError, match="label: received 'text', which is the column of texts; expected"):
        read_table(path, text="text", label="text")
    names, thirty = [f"{'long' * 30}{n}" for n in range(60)], [n % 30 for n in range(60)]
    with pytest.raises(
        DataError, match=r"received one row only of longlong.* and 40 more; expected two"
    ) as caught:
        Splits.from_arrays(TEXTS, names)
    assert len(str(caught.value)) < 1200
    with pytest.raises(DataError, match="received 30 classes; expected a row of each on both sides"):
        Splits.from_arrays(TEXTS, thirty)
    with pytest.raises(
        DataError, match=r"expected one of 0, 1, .*, 19 and 10 more\. Put rows of every class"
    ):
        Splits.from_arrays(TEXTS, thirty, validation=(["a"], [99]), test=(["a"], [0]))


@pytest.mark.parametrize(("validation", "test"), [(0.6, 0.6), (0.5, 0.5), (0.7, 0.3), (0.3, 0.7)])
def test_fractions_leave_rows_to_learn_from(validation: float, test: float) -> None:
    fractions = {"validation_fraction": validation, "test_fraction": test}
    for make in (
        lambda: Splits.from_arrays(TEXTS, LABELS, **fractions),
        lambda: forecast(frame(), **fractions),
        lambda: text_stream_splits("to be or not to be " * 50, **fractions),
        lambda: load_dataset("digits", **fractions),
    ):
        with pytest.raises(
            ArgumentError,
            match=rf"test_fraction: received {test}; expected a finite number below {1 - validation:g}",
        ):
            make()


def test_a_seed_has_32_bits() -> None:
    with pytest.raises(
        ArgumentError, match="seed: received 1099511627776; expected an integer of at least 0"
    ):
        Splits.from_arrays(TEXTS, LABELS, seed=2**40)
    assert len(Splits.from_arrays(TEXTS, LABELS, seed=2**32 - 1).train) == 42


def test_copies_across_parts_are_warned_of(tmp_path: Path) -> None:
    texts, labels = [f"film  {n % 10}" for n in range(200)], [n % 2 for n in range(200)]
    message = r"test: 30 of 30 texts are in the training part too; .* split with rnnzoo\.data\.groups"
    with (
        pytest.warns(UserWarning, match=message),
        pytest.warns(UserWarning, match="validation: 30 of 30 texts are in the training part too"),
    ):
        Splits.from_arrays(texts, labels)
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(f"film {n % 10},{n % 2}\n" for n in range(200)))
    with pytest.warns(UserWarning, match="texts are in the training part too"):
        read_table(path, text="a", label="b", test_fraction=0.0)
    # Nothing is said where the parts are given, of copies in one part and of a few.
    pair = (texts[:40], labels[:40])
    Splits.from_arrays(texts, labels, validation=pair, test=pair)
    parts = split_groups(texts, labels, texts, validation_fraction=0.2, test_fraction=0.2)
    Splits.from_arrays(*parts["train"], validation=parts["validation"], test=parts["test"])
    Splits.from_arrays(texts[:40], labels[:40])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((40, 9), "(rows, time, features)"), ((40, 3, 4, 4), "(rows, time, height, width, channels)")],
)
def test_an_axis_that_is_missing_is_added_as_advised(shape: tuple[int, ...], expected: str) -> None:
    inputs = np.random.default_rng(0).normal(size=shape)
    with pytest.raises(DataError) as caught:
        Splits.from_arrays(inputs, ["a", "b"] * 20)
    assert f"inputs: received an array of shape {shape}; expected {expected}. Of one " in str(caught.value)
    assert "pass inputs[..., None]." in str(caught.value)
    Splits.from_arrays(inputs[..., None], ["a", "b"] * 20)


def test_lengths_cut_rows_as_advised() -> None:
    inputs, lengths = np.ones((40, 5, 2)), [3, 5] * 20
    with pytest.raises(
        ArgumentError, match=r"lengths: received it .* Cut them: \[row\[:n\] for row, n in zip"
    ):
        Splits.from_arrays(inputs, ["a", "b"] * 20, lengths=lengths)  # type: ignore[call-arg]
    splits = Splits.from_arrays([row[:n] for row, n in zip(inputs, lengths, strict=True)], ["a", "b"] * 20)
    assert splits.model_arguments["variable_length"]
