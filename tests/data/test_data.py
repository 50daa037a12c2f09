"""Truth of ``rnnzoo.data.splits``.

Tables, splits and batches: no leak, no silent repair, messages that name the line.
"""

# mypy: disable-error-code="union-attr, arg-type, index, attr-defined"

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import Splits, load_dataset, read_table, stream_table
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.batching import batch_order, num_token_batches, token_batch_order
from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.groups import split_groups
from rnnzoo.data.readers.running_text import text_stream_splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError

TEXTS = [f"word{i} common text {i % 7}" for i in range(60)]
LABELS = ["yes" if i % 3 else "no" for i in range(60)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv_of(rows: int = 60) -> str:
    return "text,label\n" + "".join(f"{t},{x}\n" for t, x in zip(TEXTS[:rows], LABELS[:rows], strict=True))


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


def test_digits_are_eight_rows_of_eight_pixels() -> None:
    splits = load_dataset("digits")
    inputs, targets, weights = splits.rows("train").gather(range(5))
    assert inputs["features"].shape == (5, 8, 8)
    assert targets.dtype == np.int32
    assert weights is None
    assert splits.model_arguments == {"num_features": 8, "variable_length": False, "num_classes": 10}
    with pytest.raises(UnknownNameError, match="unknown data set: received 'digit'; did you mean 'digits'"):
        load_dataset("digit")


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "tsv.gz"])
def test_tables_of_texts(kind: str, tmp_path: Path) -> None:
    content = csv_of().replace(",", "\t") if "tsv" in kind else csv_of()
    data = gzip.compress(content.encode()) if kind.endswith("gz") else content.encode()
    splits = read_table(write(tmp_path / f"t.{kind}", data), text="text", label="label")
    assert splits.decoding.labels == ["no", "yes"]
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 60
    assert len(splits.description["checksum"]) == 64


def test_frames_and_tables_give_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS})
    from_file = read_table(write(tmp_path / "t.csv", csv_of()), text="text", label="label")
    from_frame = Splits.from_frame(frame, text="text", label="label")
    assert list(from_frame.train.raw) == list(from_file.train.raw)


def test_a_table_with_every_ugly_thing_that_is_allowed(tmp_path: Path) -> None:
    rows = "".join(f'"line one\r\nline, ""two"" {i}",NA\r\nx,b\r\n' for i in range(20))
    path = write(tmp_path / "t.csv", b"\xef\xbb\xbf" + f"text,label\r\n{rows}".encode())
    splits = read_table(path, text="text", label="label")
    assert splits.decoding.labels == ["NA", "b"]  # a label may be called NA
    texts = [text for part in (splits.train, splits.validation, splits.test) for text in part.raw]
    assert "x" in texts
    assert 'line one\r\nline, "two" 3' in texts


def test_several_labels_in_one_cell(tmp_path: Path) -> None:
    content = "text;x\n".replace(";", ",") + "".join(f"t{i},{'a|b' if i % 2 else 'b'}\n" for i in range(40))
    splits = read_table(write(tmp_path / "t.csv", content), text="text", label="x", label_separator="|")
    assert splits.task == "multilabel_classification"
    assert splits.decoding.labels == ["a", "b"]


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "received an empty file"),
    "header only": ("text,label\n", "received a header and no rows"),
    "too many columns": ("text,label\na,b\na,b,c\n", "line 3 has 3 columns; expected 2."),
    "too few columns": ("text,label\na,b\na\nc,d\n", "line 3 has 1 columns; expected 2."),
    "not UTF-8": ("text,label\ncaf\xe9,b\n".encode("latin-1"), "not UTF-8"),
    "UTF-16": ("text,label\na,b\n".encode("utf-16"), "not UTF-8"),
    "no such column": ("texts,label\na,b\n", "unknown column of"),
    "an open quote": ('text,label\n"a,b\nc,d\n', "cannot be read (unexpected end of data)"),
    "a column twice": ("text,text\na,b\n", "has several columns named 'text'"),
    "empty label": ("text,label\n" + "a,\n" * 20, "received the empty label"),
    "one class": ("text,label\n" + "a,b\n" * 20, "received the single class ['b']"),
    "a rare class": ("text,label\n" + "a,b\n" * 20 + "a,c\n", "cannot split off"),
    "too few rows": ("text,label\na,b\na,c\n", "expected enough to split off"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    with pytest.raises((DataError, UnknownNameError)) as caught:
        read_table(write(tmp_path / "t.csv", content), text="text", label="label")
    assert message in str(caught.value)


def test_damaged_archives_and_wrong_paths(tmp_path: Path) -> None:
    whole = gzip.compress(csv_of().encode())
    for data in (whole[: len(whole) // 2], b"not gzip at all"):
        with pytest.raises(DataError, match="damaged or cut short"):
            read_table(write(tmp_path / "t.csv.gz", data), text="text", label="label")
    with pytest.raises(PathNotFoundError, match="no such file; expected a CSV or TSV file"):
        read_table(tmp_path / "nothing.csv", text="text", label="label")
    with pytest.raises(PathNotFoundError, match="received a directory"):
        read_table(tmp_path, text="text", label="label")
    with pytest.raises(ArgumentError, match="expected text and label for texts, or target"):
        read_table(write(tmp_path / "t.csv", csv_of()))


def test_labels_that_only_held_out_rows_have(tmp_path: Path) -> None:
    test = write(tmp_path / "test.csv", "text,label\na,maybe\n")
    with pytest.raises(DataError, match=r"test\.csv: line 2: targets: received the label 'maybe', which no"):
        read_table(write(tmp_path / "t.csv", csv_of()), test=test, text="text", label="label")


# Series.


def frame(rows: int = 100) -> pd.DataFrame:
    t = np.arange(rows, dtype=float)
    return pd.DataFrame({"y": t, "x": 1000 - t, "kind": ["a" if i % 2 else "b" for i in range(rows)]})


def forecast(table: pd.DataFrame, **changes: Any) -> Splits:
    arguments: dict[str, Any] = {"target": ["y"], "window": 5, "horizon": 3, "categorical": ["kind"]}
    return series_splits(table, **{**arguments, **changes})


def test_windows_do_what_they_say() -> None:
    splits = forecast(frame())
    inputs, targets, _ = splits.rows("test").gather([0])
    scaled = splits.preprocessing
    # 100 rows: 70 train, 15 validation, 15 test; the first test window forecasts rows 85, 86, 87 from 80 to 84.
    past = inputs["features"][0, :, 0] * scaled.scale[0] + scaled.mean[0]
    np.testing.assert_allclose(past, np.arange(80, 85), rtol=1e-5)
    np.testing.assert_allclose(splits.decoding.in_original_units(targets)[0, :, 0], [85, 86, 87], rtol=1e-5)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [63, 13, 13]
    assert inputs["features"][0, :, 2:].tolist() == [[0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]
    assert splits.preprocessing.categories == {"kind": ["a", "b"]}
    assert splits.model_arguments == {
        "window": 5,
        "num_features": 4,
        "horizon": 3,
        "num_targets": 1,
    }
    again = splits.preprocessing.apply([splits.test.raw[0]])["features"]
    np.testing.assert_array_equal(again, inputs["features"])


@settings(max_examples=25, deadline=None)
@given(window=st.integers(1, 12), horizon=st.integers(1, 8), rows=st.integers(120, 200))
def test_the_future_never_leaks(window: int, horizon: int, rows: int) -> None:
    """Spoiling everything from the first validation row on changes nothing that training sees."""
    clean = forecast(frame(rows), window=window, horizon=horizon)
    first = rows - round(rows * 0.15) - round(rows * 0.15)
    spoiled_frame = frame(rows)
    spoiled_frame.loc[first:, ["y", "x"]] = 1e9
    spoiled = forecast(spoiled_frame, window=window, horizon=horizon)
    numbers = np.arange(len(clean.train))
    assert len(clean.train) == len(spoiled.train) == first - window - horizon + 1
    seen, seen_spoiled = clean.rows("train").gather(numbers), spoiled.rows("train").gather(numbers)
    np.testing.assert_array_equal(seen[0]["features"], seen_spoiled[0]["features"])
    np.testing.assert_array_equal(seen[1], seen_spoiled[1])
    # Nor do two parts share a target.
    assert clean.train.starts[-1] + window + horizon <= first
    assert clean.validation.starts[0] + window == first


@pytest.mark.parametrize("missing", ["ffill", "drop"])
def test_missing_values(missing: str) -> None:
    table = frame().astype({"y": object})
    table.loc[50, "y"] = None
    splits = forecast(table, missing=missing)
    if missing == "ffill":
        _, future = splits.train.raw_targets()
        assert len(splits.train) == 63
        assert future[50 - 5, 0, 0] == 49  # filled from the row before it
    else:
        touched = (splits.train.starts <= 50) & (splits.train.starts + 8 > 50)
        assert not touched.any()
        assert len(splits.train) == 63 - 8
    assert all(
        np.isfinite(splits.rows("train").gather([row])[0]["features"]).all()
        for row in range(len(splits.train))
    )


def test_leading_gaps_cannot_be_filled_and_are_dropped() -> None:
    table = frame().astype({"y": object})
    table.loc[:9, "y"] = None
    assert forecast(table, missing="ffill").description["steps"] == 90


SERIES_ERRORS: list[tuple[Any, dict[str, Any], str]] = [
    (
        lambda t: t.astype({"y": object}).assign(y=[None, *range(99)]),
        {},
        "line 0: 'y' is missing, as are values in 1 rows",
    ),
    (lambda t: t.assign(y=["oops", *range(99)]), {}, "line 0: 'y' is 'oops'; expected a finite number."),
    (lambda t: t.assign(y=[*range(99), np.inf]), {}, "line 99: 'y' is 'inf'"),
    (lambda t: t, {"target": ["z"]}, "unknown column: received 'z'"),
    (lambda t: t, {"target": ["kind"]}, "target: received 'kind', which is categorical"),
    (lambda t: t, {"target": []}, "target: received no column"),
    (lambda t: t, {"window": 0}, "window: received 0"),
    (lambda t: t, {"missing": "zero"}, "unknown missing: received 'zero'"),
    (lambda t: t.head(20), {"window": 20}, "no whole window; expected at least 23 rows without gaps"),
    (
        lambda t: t.assign(when=[*range(98), 5, 99]),
        {"time": "when"},
        "line 98: 'when' is earlier than the line before",
    ),
    (
        lambda t: t.assign(when=[*range(98), 97, 99]),
        {"time": "when"},
        "line 98: 'when' repeats the time of the line before",
    ),
    (
        lambda t: t.assign(when="yesterday"),
        {"time": "when"},
        "line 0: 'when' is 'yesterday'; expected a timestamp",
    ),
    (lambda t: t.assign(kind=["a"] * 90 + ["new"] * 10), {}, "has the unknown category 'new'"),
]


@pytest.mark.parametrize(
    ("change", "options", "message"), SERIES_ERRORS, ids=[m[:40] for _, _, m in SERIES_ERRORS]
)
def test_series_that_cannot_be_used(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((DataError, ArgumentError)) as caught:
        forecast(change(frame()), **options)
    assert message in str(caught.value)


def test_a_constant_column_is_harmless() -> None:
    splits = forecast(frame().assign(x=7.0))
    assert np.isfinite(splits.rows("train").gather([0])[0]["features"]).all()


def test_lines_are_counted_as_in_the_file(tmp_path: Path) -> None:
    content = "y\n" + "".join(f"{i}\n" for i in range(50)) + "bad\n"
    with pytest.raises(DataError, match="line 52: 'y' is 'bad'"):
        read_table(write(tmp_path / "s.csv", content), target="y", window=3, horizon=1)


def test_lines_are_those_of_the_file_whatever_is_between_them(tmp_path: Path) -> None:
    content = 'note,y\n\n"two\nlines",-5\n\n\n' + "".join(f"a,{i}\n" for i in range(50)) + "\na,bad\n"
    options: dict[str, Any] = {"target": "y", "window": 3, "horizon": 1}
    with pytest.raises(DataError, match="line 58: 'y' is 'bad'"):
        read_table(write(tmp_path / "s.csv", content), categorical=["note"], **options)
    with pytest.raises(DataError, match="line 58: 'y' is missing"):
        read_table(write(tmp_path / "s.csv", content.replace("bad", "?")), categorical=["note"], **options)
    with pytest.raises(DataError, match="line 58: 'y' is earlier than the line before"):
        read_table(
            write(tmp_path / "s.csv", content.replace("bad", "3")), ignore=["note"], time="y", **options
        )


@pytest.mark.parametrize("name", ["UP.TSV", "a.tsv.csv", "a.csv.GZ", "a.tsv.GZ", "a.csv.tsv", "2024.01.tsv"])
def test_the_last_ending_says_what_a_file_is(name: str, tmp_path: Path) -> None:
    packed = name.endswith(".GZ")
    tabs = name.lower().removesuffix(".gz").endswith(".tsv")
    content = (csv_of().replace(",", "\t") if tabs else csv_of()).encode()
    path = write(tmp_path / name, gzip.compress(content) if packed else content)
    assert read_table(path, text="text", label="label").decoding.labels == ["no", "yes"]


# Causes are named.


def test_a_row_without_label_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_of() + '"one\nmore",\n')
    with pytest.raises(
        DataError, match=r"t\.csv: line 63: targets: received the empty label ''; expected a na"
    ):
        read_table(path, text="text", label="label")
    with pytest.raises(DataError, match="targets: row 60: received the empty label ''; expected a name"):
        Splits.from_arrays([*TEXTS, "one more"], [*LABELS, ""])


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


# Batches.


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=300), st.integers(1, 16), st.integers(0, 3))
def test_every_row_is_in_one_batch(lengths: list[int], size: int, epoch: int) -> None:
    order = batch_order(np.array(lengths), size, shuffle=True, seed=1, epoch=epoch)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in order)
    again = batch_order(np.array(lengths), size, shuffle=True, seed=1, epoch=epoch)
    assert [b.tolist() for b in order] == [b.tolist() for b in again]


def test_rows_of_like_length_share_a_batch() -> None:
    lengths = np.random.default_rng(0).integers(1, 200, 3200)
    order = batch_order(lengths, 32, shuffle=True)
    padded = sum(len(batch) * lengths[batch].max() for batch in order)
    assert padded < 1.05 * lengths.sum()
    first = [batch.tolist() for batch in order]
    assert first != [batch.tolist() for batch in batch_order(lengths, 32, shuffle=True, epoch=1)]


def test_tf_data_gives_the_same_batches_right_padded() -> None:
    splits = Splits.from_arrays([*TEXTS, "one"], [*LABELS, "no"])
    direct = list(splits.train.batches(8, shuffle=True, seed=2))
    through = list(splits.train.dataset(8, shuffle=True, seed=2).as_numpy_iterator())
    assert len(direct) == len(through)
    for (inputs, targets, _), (other, others) in zip(direct, through, strict=True):
        np.testing.assert_array_equal(inputs["tokens"], other["tokens"])
        np.testing.assert_array_equal(targets, others)
        valid = inputs["tokens"] != 0
        assert (valid == (np.arange(valid.shape[1]) < valid.sum(axis=1)[:, None])).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=200),
    st.integers(60, 400),
    st.booleans(),
    st.integers(0, 3),
)
def test_batches_of_tokens_keep_to_their_bound(
    lengths: list[int], tokens: int, shuffle: bool, epoch: int
) -> None:
    steps = np.array(lengths)
    order = token_batch_order(steps, tokens, shuffle=shuffle, seed=1, epoch=epoch)
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert all(0 < len(batch) * steps[batch].max() <= tokens or steps[batch].max() == 0 for batch in order)
    assert len(order) == num_token_batches(steps, tokens)
    again = token_batch_order(steps, tokens, shuffle=shuffle, seed=1, epoch=epoch)
    assert [b.tolist() for b in order] == [b.tolist() for b in again]


def test_batches_of_tokens_are_full_little_padded_and_mixed_anew() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 4000)
    orders = [token_batch_order(lengths, 8_000, shuffle=True, epoch=epoch) for epoch in range(2)]
    padded = [len(batch) * lengths[batch].max() for batch in orders[0]]
    assert sum(padded) < 1.08 * lengths.sum()
    assert np.median(padded) > 0.9 * 8_000
    together = [{tuple(sorted(batch.tolist())) for batch in order} for order in orders]
    assert len(together[0] & together[1]) < 0.05 * len(together[0])
    assert orders[0][0].tolist() != token_batch_order(lengths, 8_000, shuffle=True, seed=1)[0].tolist()


def test_rows_of_one_length_make_batches_of_as_many_rows() -> None:
    order = token_batch_order(np.full(10, 7), 30, shuffle=True)
    assert sorted(len(batch) for batch in order) == [2, 4, 4]


def test_a_row_longer_than_the_bound_is_refused() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS)
    with pytest.raises(
        ArgumentError,
        match=r"tokens_per_batch: received 3, and a row of 4 steps; expected that many at least\. Raise",
    ):
        splits.train.num_batches(8, tokens=3)


def test_tf_data_of_token_batches_is_as_long_as_it_says_in_every_epoch() -> None:
    texts = [" ".join(["word"] * (1 + i % 23)) for i in range(60)]
    split = Splits.from_arrays(texts, LABELS).train
    epoch = iter(range(3))
    dataset = split.dataset(8, tokens=64, shuffle=True, epoch=lambda: next(epoch))
    for number in range(3):
        found = [inputs["tokens"] for inputs, *_ in dataset.as_numpy_iterator()]
        assert len(found) == int(dataset.cardinality()) == split.num_batches(8, tokens=64)
        expected = split.batches(8, tokens=64, shuffle=True, epoch=number)
        for tokens, (inputs, _, _) in zip(found, expected, strict=True):
            np.testing.assert_array_equal(tokens, inputs["tokens"])
            assert tokens.size <= 64


def test_data_with_batches_of_their_own_refuse_a_bound() -> None:
    stream = text_stream_splits("to be or not to be " * 50, window=5).train
    with pytest.raises(
        ArgumentError, match=r"received 64 with running text, .* expected None\. Leave it out"
    ):
        stream.num_batches(4, tokens=64)
    ready = DatasetSplit(Splits.from_arrays(TEXTS, LABELS).train.dataset(4))
    with pytest.raises(ArgumentError, match=r"received 64 with tf\.data, whose batches are its own"):
        ready.dataset(4, tokens=64)


def test_noise_leaves_the_order_of_token_batches() -> None:
    splits = Splits.from_arrays(TEXTS, LABELS)
    noisy = augmented(splits, {"token_dropout": 0.5})
    arguments: dict[str, Any] = {"tokens": 32, "shuffle": True, "seed": 3, "epoch": 1}
    pairs = zip(noisy.batches(8, **arguments), splits.train.batches(8, **arguments), strict=True)
    assert all((targets == clean).all() for (_, targets, _), (_, clean, _) in pairs)


def test_rows_that_are_streamed_refuse_a_bound(tmp_path: Path) -> None:
    splits = stream_table(write(tmp_path / "t.csv", csv_of()), text="text", label="label")
    with pytest.raises(ArgumentError, match="received 64 with rows that are read from disk"):
        splits.train.num_batches(4, tokens=64)
