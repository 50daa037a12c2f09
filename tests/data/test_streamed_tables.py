"""Truth of ``rnnzoo.data.readers.large_tables``.

Tables larger than memory: the same rows as in memory, in an order that repeats, in little memory.
"""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, create_model, read_table, stream_table, train
from rnnzoo.data.readers.large_table_rows import LargeTableSplit
from rnnzoo.data.split import Batches
from rnnzoo.data.word_counts import BoundedCounts
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError
from rnnzoo.preprocessing import TextPreprocessing

WORDS = ("sun", "rain", "snow", "wind", "fog", "hail", "storm", "frost")


def of_file(part: Batches) -> LargeTableSplit:
    """A part that is read from disk, with its type."""
    assert isinstance(part, LargeTableSplit)
    return part


def rows_of(count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        words = rng.choice(WORDS, size=int(rng.integers(1, 12)))
        rows.append((f"{' '.join(words)} n{number}", "wet" if "rain" in words else "dry"))
    return rows


def columns(rows: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [text for text, _ in rows], [label for _, label in rows]


def write(path: Path, rows: list[tuple[str, str]], *, header: bool = True) -> Path:
    mark = "\t" if ".tsv" in path.name else ","
    text = (f"text{mark}label\n" if header else "") + "".join(
        f"{text}{mark}{label}\n" for text, label in rows
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def seen(splits: Splits, part: str, **options: Any) -> list[tuple[bytes, int]]:
    """Tokens and class of each row, in the order they come."""
    found = []
    for inputs, targets, weights in getattr(splits, part).batches(16, **options):
        assert weights is None
        found += [
            (row[row > 0].tobytes(), int(target))
            for row, target in zip(inputs["tokens"], targets, strict=True)
        ]
    return found


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_a_stream_gives_what_memory_gives(name: str, tmp_path: Path) -> None:
    parts = {
        part: write(tmp_path / f"{part}-{name}", rows_of(n, seed=n))
        for part, n in (("train", 203), ("test", 40))
    }
    streamed = stream_table(
        parts["train"],
        text="text",
        label="label",
        validation=parts["test"],
        test=parts["test"],
        buffer_rows=48,
    )
    train_rows, held_out = (columns(rows_of(count, seed=count)) for count in (203, 40))
    whole = Splits.from_arrays(*train_rows, validation=held_out, test=held_out)
    assert streamed.get_preprocessing().to_config() == whole.get_preprocessing().to_config()
    assert streamed.get_decoding().to_config() == whole.get_decoding().to_config()
    assert streamed.model_arguments == whole.model_arguments
    assert streamed.description["vocabulary_error"] == 0
    assert streamed.description["rows"] == whole.description["rows"]
    for part in ("train", "validation", "test"):
        assert seen(streamed, part) == seen(whole, part)
        assert Counter(seen(streamed, part, shuffle=True, seed=3)) == Counter(seen(whole, part))
    chosen = [7, 0, 7, 202]
    np.testing.assert_equal(of_file(streamed.train).gather(chosen), whole.rows("train").gather(chosen))


def test_the_order_follows_from_seed_and_epoch_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows_of(200))
    splits, again = (stream_table(path, text="text", label="label", buffer_rows=64) for _ in range(2))
    first = seen(splits, "train", shuffle=True, seed=1, epoch=2)
    assert first == seen(again, "train", shuffle=True, seed=1, epoch=2)
    assert first != seen(splits, "train", shuffle=True, seed=1, epoch=3)
    assert first != seen(splits, "train", shuffle=True, seed=2, epoch=2)
    for size in (1, 7, 16, 64, 500):
        for epoch in range(4):
            batches = list(splits.train.batches(size, shuffle=True, epoch=epoch))
            assert len(batches) == splits.train.num_batches(size)
            assert sum(len(targets) for _, targets, _ in batches) == len(splits.train)


def test_rows_of_like_length_share_a_batch(tmp_path: Path) -> None:
    splits = stream_table(
        write(tmp_path / "a.csv", rows_of(2000)), text="text", label="label", buffer_rows=1024
    )

    def padding(shuffle: bool) -> int:
        return sum(int((x["tokens"] == 0).sum()) for x, _, _ in splits.train.batches(16, shuffle=shuffle))

    assert padding(shuffle=True) < 0.3 * padding(shuffle=False)


def test_rows_are_drawn_for_the_parts_by_their_text(tmp_path: Path) -> None:
    rows = rows_of(3000)
    path = write(tmp_path / "a.csv", [*rows, *rows[::3]])
    splits = stream_table(path, text="text", label="label", validation_fraction=0.2, test_fraction=0.1)
    parts = [splits.train, splits.validation, splits.test]
    shares = [len(part) / 4000 for part in parts if part is not None]
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.03)
    # The last word of a text is its own; those of other parts are unknown to the vocabulary of the training part.
    numbers = {
        word
        for word in splits.get_preprocessing(TextPreprocessing).vocabulary.words
        if word.startswith("n") and word[1:].isdigit()
    }
    assert len(numbers) == len(set(seen(splits, "train")))
    other = stream_table(path, text="text", label="label", validation_fraction=0.2, test_fraction=0, seed=1)
    assert other.test is None
    assert len(other.train) + len(other.validation) == 4000
    assert len(other.validation) != len(splits.validation)


def test_labels_in_one_cell_and_two_classes(tmp_path: Path) -> None:
    rows = [(f"{text} w{n % 3}", "a|b" if n % 3 else "b") for n, (text, _) in enumerate(rows_of(120))]
    path = write(tmp_path / "a.tsv", rows, header=False)
    names = ["text", "label"]
    splits = stream_table(
        path, text="text", label="label", label_separator="|", column_names=names, max_length=4
    )
    assert splits.task == "multilabel_classification"
    inputs, targets, _ = of_file(splits.train).gather(range(20))
    assert inputs["tokens"].shape[1] <= 4
    assert set(map(tuple, targets.tolist())) == {(1.0, 1.0), (0.0, 1.0)}
    path = write(tmp_path / "b.csv", rows_of(120))
    binary = stream_table(path, text="text", label="label", task="binary_classification")
    assert of_file(binary.train).gather([0, 1])[1].shape == (2, 1)


@pytest.mark.slow
def test_a_model_learns_from_a_stream_and_resumes_exactly(tmp_path: Path) -> None:
    splits = stream_table(
        write(tmp_path / "a.csv", rows_of(600)), text="text", label="label", buffer_rows=128
    )

    def run(folder: str, **options: Any) -> Any:
        keras.utils.set_random_seed(0)
        model = create_model("text-classifier-gru", units=(8,), embedding_size=8, **splits.model_arguments)
        config = TrainConfig(epochs=3, learning_rate=0.03, batch_size=32, tensorboard=False)
        return train(model, splits, config=config, directory=tmp_path / folder, progress=False, **options)

    armed: list[bool] = []

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if armed and epoch == 2:
                raise KeyboardInterrupt

    whole = run("whole", callbacks=[Stop()])
    assert whole.metrics["test"]["accuracy"] > 0.9
    armed.append(True)
    with pytest.raises(KeyboardInterrupt):
        run("stopped", callbacks=[Stop()])
    armed.clear()
    resumed = run("stopped", resume=True, callbacks=[Stop()])
    for mine, theirs in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_memory_stays_far_below_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    rng = np.random.default_rng(0)
    filler = " ".join(f"{'long' * 20}{number}" for number in rng.integers(0, 500, size=30))
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for number in range(18_000):
            file.write(f"{filler} rare{number},{'ab'[number % 2]}\n")
    size = path.stat().st_size
    assert size > 45_000_000
    tracemalloc.start()
    try:
        splits = stream_table(path, text="text", label="label", max_tokens=1000, buffer_rows=500)
        rows = 0
        for number, (_, targets, _) in enumerate(splits.train.batches(50, shuffle=True)):
            rows += len(targets)
            if number == 40:
                break
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 41 * 50
    assert peak < size / 4, f"{peak / 1e6:.0f} MB of a file of {size / 1e6:.0f} MB"
    assert len(splits.train) + len(splits.validation) + len(splits.test or ()) == 18_000
    assert splits.description["vocabulary_error"] > 0  # rare words were forgotten on the way
    assert set(filler.split()) <= set(splits.get_preprocessing(TextPreprocessing).vocabulary.words)


@pytest.mark.parametrize("limit", [2, 10, 100, 10_000])
def test_counts_are_too_small_by_no_more_than_they_say(limit: int) -> None:
    rng = np.random.default_rng(0)
    texts = [[f"w{n}".encode() for n in rng.zipf(1.3, size=30) if n < 10**6] for _ in range(400)]
    truth = Counter(word for text in texts for word in text)
    counts = BoundedCounts(limit)
    for text in texts:
        counts.add(text)
        assert len(counts) <= limit
    assert all(truth[word] - counts.error <= counts[word] <= truth[word] for word in truth)
    assert (counts.error == 0) == (limit >= len(truth))


def test_a_file_that_changes_between_epochs_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows_of(100))
    splits = stream_table(path, text="text", label="label")
    write(path, rows_of(101))
    with pytest.raises(
        DataError, match=r"a\.csv: has changed since it was counted; expected the same file in every"
    ):
        list(splits.train.batches(8))
    with pytest.raises(DataError, match=r"has changed since"):
        of_file(splits.train).gather([0])
    splits = stream_table(path, text="text", label="label")
    with pytest.raises(
        DataError,
        match=r"^train: received a LargeTableSplit, whose rows have no numbers",
    ):
        splits.rows("train")
    with pytest.raises(DataError, match=r"train: received the row numbers \[900\]; expected some from 0 to"):
        of_file(splits.train).gather([900])


def test_a_file_sorted_by_label_is_warned_of(tmp_path: Path) -> None:
    rows = sorted(rows_of(400), key=lambda row: row[1])
    path = write(tmp_path / "a.csv", rows)
    with pytest.warns(
        UserWarning, match="seems sorted by label: 50 rows in a row are all 'dry', others all 'wet'"
    ):
        stream_table(path, text="text", label="label", buffer_rows=50)


def test_wrong_use_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows_of(100))
    good: dict[str, Any] = {"text": "text", "label": "label"}
    with pytest.raises(UnknownNameError, match=r"unknown column of .*: received 'txt'; did you mean 'text'"):
        stream_table(path, text="txt", label="label")
    with pytest.raises(
        ArgumentError,
        match=r"from_disk: received True for task 'regression', .*expected a task of classification,",
    ):
        stream_table(path, task="regression", **good)
    with pytest.raises(
        ArgumentError, match=r"test_fraction: received 0\.4; expected a finite number below 0\.4"
    ):
        stream_table(path, validation_fraction=0.6, test_fraction=0.4, **good)
    with pytest.raises(ArgumentError, match="buffer_rows: received 0; expected an integer of at least 1"):
        stream_table(path, buffer_rows=0, **good)
    with pytest.raises(PathNotFoundError, match="no such file; expected a CSV or TSV file"):
        stream_table(tmp_path / "none.csv", **good)
    with pytest.raises(
        ArgumentError, match=r"seed: received .*; expected an integer of at least 0 and at most"
    ):
        stream_table(path, seed=2**70, **good)
    with pytest.raises(ArgumentError, match="label: received 'text', which is the column of texts"):
        stream_table(path, text="text", label="text")
    blank = write(tmp_path / "d.csv", [*rows_of(30), ("?!", "dry"), *rows_of(30)])
    with pytest.raises(
        DataError,
        match=r"d\.csv: line 32: received the text '\?!'; expected at least one word\. Drop the row\.$",
    ):
        stream_table(blank, text="text", label="label")
    empty = write(tmp_path / "c.csv", [*rows_of(30), ("sun", ""), *rows_of(30)])
    with pytest.raises(
        DataError, match=r"c\.csv: line 32: targets: received the empty label ''; expected a name"
    ):
        stream_table(empty, **good)
    other = write(tmp_path / "b.csv", [("sun", "odd")])
    with pytest.raises(DataError, match="test targets: received the label 'odd', which no training row has"):
        stream_table(path, test=other, **good)
    path.write_text("text,label\nsun,dry\nrain\n")
    with pytest.raises(DataError, match=r"line 3 has 1 columns; expected 2"):
        stream_table(path, **good)
    path.write_text("text,label\nsun,dry\n")
    with pytest.raises(DataError, match=r"a\.csv: has no rows for (train|validation); expected at least one"):
        stream_table(path, **good)


def test_the_command_streams(tmp_path: Path) -> None:
    from rnnzoo.cli.data_loading import load_data
    from rnnzoo.cli.data_options import DataOptions

    path = write(tmp_path / "a.csv", rows_of(100))
    options = DataOptions(data=os.fspath(path), text="text", label="label", from_disk=True, max_tokens=50)
    splits = load_data(DataOptions.from_dict(options.to_dict()))
    assert splits.description["from_disk"] is True
    assert splits.model_arguments["vocabulary_size"] == 50
    assert "from_disk" not in read_table(path, text="text", label="label").description


def test_the_older_option_and_older_runs_are_understood() -> None:
    from rnnzoo.cli.data_options import DataOptions

    kept = {**DataOptions(data="a.csv").to_dict(), "stream": True}
    del kept["from_disk"]
    assert DataOptions.from_dict(kept) == DataOptions(data="a.csv", from_disk=True)
