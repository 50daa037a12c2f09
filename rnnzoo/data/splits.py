"""Training, validation and test parts together with what was fitted on the training part."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.copies import warn_of_copies
from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.fingerprint import checksum_of
from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splitting import Pair, split_with_origins
from rnnzoo.data.targets import encode_targets, fit_decoding
from rnnzoo.data.transcript_split import TranscriptSplit
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import (
    CharacterPreprocessing,
    CharacterTextPreprocessing,
    DNAPreprocessing,
    FeaturePreprocessing,
    FramePreprocessing,
    IrregularPreprocessing,
    LogMelPreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
)
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.dna import BASES
from rnnzoo.preprocessing.irregular import is_irregular
from rnnzoo.tasks import TASKS, get_task, task_of_outputs, tasks_of_same_data

if TYPE_CHECKING:
    import pandas as pd


_VIDEO_AXES = 4  # time, height, width, channels


@dataclass(frozen=True)
class Splits:
    """The data of one problem.

    Attributes:
        train: What is learned from; all statistics and vocabularies are fitted on it alone.
        validation: What is watched while training and searching.
        test: What is scored once, at the end; ``None`` where there is none.
        preprocessing: Raw rows to model inputs; ``None`` for ready ``tf.data``.
        decoding: Model outputs to answers; ``None`` where nothing is known of them.
        task: A name in the task table.
        description: Where the data come from and how they were split, for ``config.json`` and bundles.
    """

    train: Split
    validation: Split
    test: Split | None
    preprocessing: Any
    decoding: Any
    task: str
    description: dict[str, Any] = field(default_factory=dict)

    def described(self, facts: Mapping[str, Any]) -> Splits:
        """Returns the same data with more facts in the description."""
        return dataclasses.replace(self, description={**self.description, **facts})

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The builder arguments that the data dictate: ``create_model(name, **splits.model_arguments)``."""
        task = get_task(self.task)
        if task.data == "pairs" and self.preprocessing is not None:
            return {
                "source_vocabulary_size": self.preprocessing.source.vocabulary_size,
                "target_vocabulary_size": self.preprocessing.target.vocabulary_size,
            }
        if self.preprocessing is None or self.decoding is None:
            return {}
        if task.forecasts:
            horizon, targets = self.train.gather([0])[1].shape[1:]
            return {
                "window": self.preprocessing.window,
                "num_features": self.preprocessing.num_features,
                "horizon": horizon,
                "num_targets": targets,
            }
        arguments = _input_arguments(self.preprocessing)
        if task.targets == "tokens":
            return arguments
        if task.targets == "symbols":
            return {**arguments, "vocabulary_size": len(self.decoding.labels)}
        arguments["num_classes"] = len(self.decoding.labels or self.decoding.target_names)
        return arguments | task.builder_arguments

    def for_model(self, model: Any, *, task: str | None = None) -> Splits:
        """Returns the same data with the task and the decoding that suit a model.

        Windows of a series can be answered by a value for each step ahead, by quantiles or by a Gaussian, tags one by
        one or as whole rows; the name of the model's output says which. ``train`` and ``evaluate`` ask this themselves;
        a bundle that is saved by hand takes ``splits.for_model(model).decoding``. All other data stay as they are.

        Args:
            model: A Keras model.
            task: The task, where the model's output has another name than those of rnnzoo.

        Example:
            >>> import numpy as np, pandas as pd
            >>> from rnnzoo import create_model
            >>> from rnnzoo.data.readers.series import series_splits
            >>> splits = series_splits(pd.DataFrame({"a": np.arange(60.0)}), target=["a"], window=4, horizon=2)
            >>> model = create_model("forecaster-quantile-lstm", units=(4,), **splits.model_arguments)
            >>> splits.for_model(model).task
            'quantile_forecasting'
        """
        own = get_task(self.task)
        wanted = (
            get_task(task) if task else task_of_outputs(own, list(getattr(model, "output_names", None) or []))
        )
        if wanted not in tasks_of_same_data(own) or (wanted is own and not own.forecasts):
            return self
        if self.decoding is None:
            return dataclasses.replace(self, task=wanted.name)
        decoding = self.decoding.for_task(wanted.name)
        if wanted.quantiles is not None:
            from rnnzoo.keras_models.model_outputs import output_quantiles

            decoding = Decoding.from_config({**decoding.to_config(), "quantiles": output_quantiles(model)})
        return dataclasses.replace(self, task=wanted.name, decoding=decoding)

    @classmethod
    def from_arrays(
        cls,
        inputs: Rows,
        targets: Rows,
        *,
        task: str = "classification",
        validation: Pair | None = None,
        test: Pair | None = None,
        validation_fraction: float = 0.15,
        test_fraction: float = 0.15,
        stratify: bool = True,
        seed: int = 0,
        max_tokens: int = 20_000,
        max_length: int | None = None,
        preprocessing: Preprocessing | None = None,
        characters: bool = False,
        description: Mapping[str, Any] | None = None,
    ) -> Splits:
        """Makes splits of rows in memory.

        Rows are split one by one: it warns where many texts of a part that was split off are in the training part too.

        Args:
            inputs: Texts; lists of words (tagging); series, one array ``(rows, time, features)`` or a list of
                ``(time, features)`` of any lengths; series with missing values at irregular times, mappings of
                ``"times"`` and ``"values"`` (see ``IrregularPreprocessing``); or videos, as series of
                ``(time, height, width, channels)``.
            targets: One per row: labels (names or numbers), lists of labels or an indicator matrix (several
                labels), numbers (regression), lists of labels (tagging), texts (transcription).
            task: A name in the task table, but for those of forecasting, which tables are for, and
                ``"language_modeling"``, which running text is for (see ``text_stream_splits``), and ``"translation"``
                (see ``pair_splits``).
            validation: Rows and targets of a given validation part; ``None`` to split them off.
            test: Rows and targets of a given test part; ``None`` to split them off.
            validation_fraction: Share of all rows to split off for validation.
            test_fraction: Share of all rows to split off for the test; 0 for no test part.
            stratify: Whether each part gets its share of every class.
            seed: Seed of the split: rows are shuffled, for many files come sorted by class.
            max_tokens: Size of the vocabulary at most, for texts and words.
            max_length: Words per row at most, for texts and words.
            preprocessing: What reads the rows, such as ``DNAPreprocessing()``; ``None`` to choose by the first row
                and fit it on the training part.
            characters: Whether words come with their characters, for models that read those too (tagging).
            description: Facts to keep; a checksum of the arrays is added.

        Returns:
            The splits.

        Raises:
            ArgumentError: If a fraction is out of range.
            DataError: If rows or targets cannot be used. Where one row is the cause, it is a ``RowError`` and names the
                row as you count them, whatever part it is in. A row that holds nothing (no word, no step), and a target
                that is missing (``None``, NaN, ``pandas.NA``, an empty label), is refused.

        Example:
            >>> texts, labels = ["good film", "bad film"] * 20, ["pos", "neg"] * 20
            >>> splits = Splits.from_arrays(texts, labels)
            >>> len(splits.train), len(splits.validation), len(splits.test)
            (28, 6, 6)
            >>> splits.model_arguments
            {'vocabulary_size': 5, 'num_classes': 2}
        """
        checks.choice("task", task, [name for name, known in TASKS.items() if known.from_rows])
        rows = _lists((inputs, targets))
        parts, origins = split_with_origins(
            rows,
            None if validation is None else _lists(validation),
            None if test is None else _lists(test),
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            stratify=stratify and get_task(task).stratified,
            seed=seed,
        )
        if preprocessing is None:
            with origins["train"].named():
                preprocessing = _fit_preprocessing(
                    parts,
                    task,
                    first=_first_that_tells(rows[0]),
                    max_tokens=max_tokens,
                    max_length=max_length,
                    characters=characters,
                )
        splits = cls.from_parts(
            parts,
            task=task,
            preprocessing=preprocessing,
            description=description or {},
            seed=seed,
            origins=origins,
        )
        for name, given in (("validation", validation), ("test", test)):
            if given is None and name in parts:
                warn_of_copies(parts["train"][0], parts[name][0], name)
        return splits

    @classmethod
    def from_parts(
        cls,
        parts: Mapping[str, Pair],
        *,
        task: str,
        preprocessing: Preprocessing,
        description: Mapping[str, Any],
        seed: int,
        origins: Mapping[str, RowOrigin] | None = None,
    ) -> Splits:
        """Makes splits of rows that are in their parts, with a preprocessing that was fitted on ``"train"``.

        Args:
            parts: Rows and targets of ``"train"``, ``"validation"`` and, if there is one, ``"test"``.
            task: A name in the task table.
            preprocessing: Raw rows to model inputs.
            description: Facts to keep; a checksum of the arrays is added.
            seed: The seed that the parts were split with.
            origins: Which rows of the caller those of each part are, for messages; ``None`` for the rows as they are.
        """
        origins = origins or {name: RowOrigin(name) for name in parts}
        with origins["train"].named():
            decoding = fit_decoding(task, parts["train"][1])
        splits = {}
        for name, (rows, labels) in parts.items():
            with origins[name].named():
                encoded = encode_targets(decoding, labels, part=name)
                splits[name] = _sequence_split(rows, encoded, preprocessing, task, origins[name])
        facts = {"checksum": checksum_of(parts), **description, "split_seed": seed}
        facts["rows"] = {name: len(split) for name, split in splits.items()}
        return cls(
            train=splits["train"],
            validation=splits["validation"],
            test=splits.get("test"),
            preprocessing=preprocessing,
            decoding=decoding,
            task=task,
            description=facts,
        )

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, text: str, label: str, test: pd.DataFrame | None = None, **options: Any
    ) -> Splits:
        """Makes splits of a pandas frame with a column of texts and one of labels.

        A frame whose rows follow each other in time is for ``rnnzoo.data.readers.series.series_splits``.

        Args:
            frame: The frame.
            text: The column of texts.
            label: The column of labels.
            test: A frame of test rows with the same columns; ``None`` to split them off.
            **options: As for ``from_arrays``.

        Raises:
            DataError: If a column is missing.
        """
        rows, labels = _frame_columns(frame, text, label)
        given = None if test is None else _frame_columns(test, text, label)
        return cls.from_arrays(rows, labels, test=given, **options)

    @classmethod
    def from_datasets(
        cls,
        train: Any,
        validation: Any,
        test: Any = None,
        *,
        task: str,
        labels: Sequence[str] | None = None,
        description: Mapping[str, Any] | None = None,
    ) -> Splits:
        """Makes splits of ready ``tf.data``, batched and preprocessed by you.

        Args:
            train: A dataset of batches ``(inputs, targets)`` or ``(inputs, targets, weights)``.
            validation: Likewise.
            test: Likewise, or ``None``.
            task: A name in the task table; targets are as its loss takes them.
            labels: Names of the classes, for answers and pictures.
            description: Facts to keep.
        """
        checks.choice("task", task, TASKS)
        decoding = Decoding(task, labels=labels) if labels is not None else None
        facts = {"source": "tf.data", "checksum": None, **(description or {})}
        return cls(
            train=DatasetSplit(train),
            validation=DatasetSplit(validation),
            test=None if test is None else DatasetSplit(test),
            preprocessing=None,
            decoding=decoding,
            task=task,
            description=facts,
        )


def _lists(pair: Pair) -> Pair:
    """Turns columns of pandas, which are asked for rows by their index, into lists."""
    rows, targets = (
        part if isinstance(part, np.ndarray) or not hasattr(part, "tolist") else part.tolist()
        for part in pair
    )
    return rows, targets


def _first_that_tells(rows: Rows) -> Any:
    """Returns the first row that is not missing or empty: it says what kind of rows there are."""
    tells = (row for row in rows if row is not None and not (hasattr(row, "__len__") and len(row) == 0))
    return next(tells, rows[0])


def _fit_preprocessing(
    parts: Mapping[str, Pair],
    task: str,
    *,
    first: Any,
    max_tokens: int,
    max_length: int | None,
    characters: bool,
) -> Preprocessing:
    """Fits what suits the kind of ``first``, one of the rows as the caller passed them."""
    rows = parts["train"][0]
    words = isinstance(first, str) or (
        isinstance(first, list | tuple) and first and isinstance(first[0], str)
    )
    if checks.flag("characters", characters):
        if not get_task(task).tags_steps or not words:
            raise ArgumentError(
                f"characters: received True for task {task!r} and rows of {type(first).__name__}; expected tagging of "
                "lists of words. Leave it out."
            )
        return CharacterPreprocessing.fit(rows, max_tokens=max_tokens, max_length=max_length)
    if get_task(task).targets == "symbols" and isinstance(first, str):
        raise DataError(
            f"inputs: received texts for task {task!r}; expected series (time, features) with a text each. "
            "Use rnnzoo.audio_splits for sound."
        )
    if isinstance(first, str) and not get_task(task).per_step:
        return TextPreprocessing.fit(rows, max_tokens=max_tokens, max_length=max_length)
    if words:
        return TokenPreprocessing.fit(rows, max_tokens=max_tokens, max_length=max_length)
    if is_irregular(first):
        return IrregularPreprocessing.fit(rows)
    kind = FramePreprocessing if np.ndim(first) == _VIDEO_AXES else FeaturePreprocessing
    # Whether lengths differ decides the model's inputs, so all parts have a say; statistics stay with the training.
    # What has no length is refused with its row when it is read.
    lengths = {len(row) for pair in parts.values() for row in pair[0] if hasattr(row, "__len__")}
    return kind.fit(rows, variable_length=len(lengths) > 1)


def _sequence_split(
    rows: Rows, targets: Any, preprocessing: Preprocessing, task: str, origin: RowOrigin
) -> Split:
    known = get_task(task)
    if known.targets == "symbols":
        return TranscriptSplit(rows, targets, preprocessing=preprocessing, origin=origin)
    return SequenceSplit(rows, targets, preprocessing=preprocessing, tagging=known.per_step)


def _frame_columns(frame: pd.DataFrame, text: str, label: str) -> Pair:
    for column in (text, label):
        if column not in frame.columns:
            raise DataError(f"frame: has no column {column!r}; expected one of {', '.join(map(str, frame))}.")
    return frame[text].tolist(), frame[label].tolist()


def _input_arguments(preprocessing: Preprocessing) -> dict[str, Any]:
    if isinstance(preprocessing, CharacterPreprocessing):
        return {
            "vocabulary_size": len(preprocessing.vocabulary),
            "character_vocabulary_size": len(preprocessing.characters),
        }
    if isinstance(preprocessing, TextPreprocessing | CharacterTextPreprocessing):
        return {"vocabulary_size": len(preprocessing.vocabulary)}
    if isinstance(preprocessing, LogMelPreprocessing):
        return {"num_features": preprocessing.num_mels, "variable_length": True}
    if isinstance(preprocessing, FeaturePreprocessing):
        return {"num_features": len(preprocessing.mean), "variable_length": preprocessing.variable_length}
    if isinstance(preprocessing, IrregularPreprocessing):
        return {"num_features": len(preprocessing.mean)}
    if isinstance(preprocessing, FramePreprocessing):
        return {"frame_shape": preprocessing.frame_shape, "variable_length": preprocessing.variable_length}
    if isinstance(preprocessing, DNAPreprocessing):
        if preprocessing.kmer is not None:
            return {"vocabulary_size": preprocessing.vocabulary_size}
        return {"num_features": len(BASES), "variable_length": preprocessing.variable_length}
    raise ArgumentError(
        f"preprocessing: received {type(preprocessing).__name__}, which does not say what a model takes; expected one "
        "of rnnzoo's. Pass the arguments yourself, such as create_model(name, num_features=8, num_classes=2)."
    )
