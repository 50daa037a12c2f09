"""Truth of ``rnnzoo.data.targets``: one label for each row, in the forms in which arrays hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits
from rnnzoo.errors import RowError

SERIES = np.random.default_rng(0).normal(size=(60, 5, 2))
CLASSES = np.arange(60) % 3


def test_a_column_of_labels_is_read_as_labels() -> None:
    for column in (CLASSES[:, np.newaxis], [[int(label)] for label in CLASSES]):
        splits = Splits.from_arrays(SERIES, column)
        assert splits.get_decoding().labels == ["0", "1", "2"]
        expected = Splits.from_arrays(SERIES, CLASSES)
        np.testing.assert_array_equal(
            splits.rows("train").gather(range(9))[1], expected.rows("train").gather(range(9))[1]
        )


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("rows", [np.eye(3)[CLASSES], np.eye(3)[CLASSES].tolist()], ids=["array", "lists"])
def test_one_hot_rows_are_no_labels_and_the_advice_works(rows: Any, stratify: bool) -> None:
    message = (
        r"^targets: row \d+: received 3 values \(\[[01]\.0, [01]\.0, [01]\.0\]\); expected one label for each row\. Of "
        r"one-hot rows pass y\.argmax\(axis=1\); for several labels in a row pass task='multilabel_classification'\.$"
    )
    with pytest.raises(RowError, match=message):
        Splits.from_arrays(SERIES, rows, stratify=stratify)
    y = np.asarray(rows)
    assert Splits.from_arrays(SERIES, y.argmax(axis=1)).model_arguments["num_classes"] == 3
    assert Splits.from_arrays(SERIES, y, task="multilabel_classification").model_arguments["num_classes"] == 3


def test_a_row_without_a_label_among_lists_is_named() -> None:
    labels = [[int(label)] for label in CLASSES]
    labels[7] = []
    with pytest.raises(RowError, match=r"^targets: row 7: received 0 values \(\[\]\); expected one label"):
        Splits.from_arrays(SERIES, labels)
