"""Training, validation and test parts together with what was fitted on the training part."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import numpy as np

from rnnzoo import checks
from rnnzoo.data.arrow_frames import as_frame
from rnnzoo.data.columns import check_table_columns, refuse_repeated, text_cells
from rnnzoo.data.copies import warn_of_copies
from rnnzoo.data.dataset_split import DatasetSplit
from rnnzoo.data.fingerprint import checksum_of
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.numeric_labels import refuse_many_numbers
from rnnzoo.data.overview import overview
from rnnzoo.data.padding import warn_of_padding
from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.data.row_weights import RowWeights, check_weights, relative, weights_of_parts
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.data.single_words import warn_of_single_words
from rnnzoo.data.split import Batches, as_rows
from rnnzoo.data.split import Rows as NumberedRows
from rnnzoo.data.splitting import Pair, Parts, PartsOptions, split_rows
from rnnzoo.data.targets import encode_targets, fit_decoding, mark_unlabelled
from rnnzoo.data.task_readers import check_row_task, read_own_windows
from rnnzoo.data.transcript_split import TranscriptSplit
from rnnzoo.data.unlabelled import check_unlabelled, count_unlabelled, labelled
from rnnzoo.decoding import Decoding, check_decoding_round_trip
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import check_round_trip
from rnnzoo.preprocessing.base import Preprocessing, Rows
from rnnzoo.preprocessing.choosing import WordOptions, choose_preprocessing, find_example
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.text import TextPreprocessing
from rnnzoo.task import Task
from rnnzoo.tasks import TASKS, get_task, is_of_own_windows, task_of_outputs, tasks_of_same_data

if TYPE_CHECKING:
    import keras
    import pandas as pd


Own = TypeVar("Own", bound=Preprocessing)
# What rows are that make no sequence each.
_NO_SEQUENCES = ("category", "numbers", "joined")


class ArrayOptions(PartsOptions, total=False):
    """What ``Splits.from_arrays`` takes as keywords: the fields of ``Parts`` and ``WordOptions``."""

    max_tokens: int
    max_length: int | None
    characters: bool


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

    train: Batches
    validation: Batches
    test: Batches | None
    preprocessing: Preprocessing | None
    decoding: Decoding | None
    task: str
    description: dict[str, Any] = field(default_factory=dict)

    @overload
    def get_preprocessing(self) -> Preprocessing: ...

    @overload
    def get_preprocessing(self, kind: type[Own]) -> Own: ...

    def get_preprocessing(self, kind: type[Preprocessing] = Preprocessing) -> Preprocessing:
        """Returns the preprocessing where there is one.

        Args:
            kind: Its class, where that matters.

        Raises:
            DataError: If there is none, as for ready ``tf.data``, or it is of another class.
        """
        if not isinstance(self.preprocessing, kind):
            raise DataError(
                f"preprocessing: the data have {_named(self.preprocessing)}; expected {kind.__name__}. Read rows, not "
                "a ready tf.data."
            )
        return self.preprocessing

    def get_decoding(self) -> Decoding:
        """Returns the decoding where there is one.

        Raises:
            DataError: If there is none, as for ready ``tf.data`` without ``labels``.
        """
        if self.decoding is None:
            raise DataError("decoding: the data have none; expected one. Give Splits.from_datasets labels.")
        return self.decoding

    def check_storable(self) -> None:
        """Checks that the preprocessing and the decoding would be the same when a run or a bundle is loaded again.

        Raises:
            ArgumentError: If they would not, or a class of a user is not registered.
        """
        if self.preprocessing is not None:
            check_round_trip(self.preprocessing)
        if self.decoding is not None:
            check_decoding_round_trip(self.decoding)

    def __repr__(self) -> str:
        return overview(self).to_text()

    def _repr_html_(self) -> str:
        return overview(self).to_html()

    def rows(self, part: str) -> NumberedRows:
        """Returns a part whose rows have numbers, for ``gather``, ``lengths`` and ``encoded``.

        Args:
            part: ``"train"``, ``"validation"`` or ``"test"``.

        Raises:
            DataError: If there is no such part, or its rows come in batches only: those of a ready ``tf.data``, of a
                table that is read from disk and of running text.

        Example:
            >>> Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20).rows("test").lengths.tolist()
            [1, 1, 1, 1, 1, 1]
        """
        found = getattr(self, checks.choice("part", part, ("train", "validation", "test")))
        if found is None:
            raise DataError(f"{part}: there is no such part; expected data with one. Split one off.")
        return as_rows(found, part)

    def described(self, facts: Mapping[str, Any]) -> Splits:
        """Returns the same data with more facts in the description."""
        return dataclasses.replace(self, description={**self.description, **facts})

    def with_target_names(self, names: Sequence[str]) -> Splits:
        """Returns the same data with other names of their numbers, for answers and pictures."""
        config = {**self.get_decoding().to_config(), "target_names": list(names)}
        return dataclasses.replace(self, decoding=Decoding.from_config(config))

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The builder arguments that the data dictate: ``create_model(name, **splits.model_arguments)``."""
        task = get_task(self.task)
        if self.preprocessing is None or (self.decoding is None and task.data != "pairs"):
            return {}
        arguments = dict(self.preprocessing.model_arguments)
        if self.decoding is None or task.targets == "tokens":
            return arguments
        if task.forecasts:
            horizon, targets = self.rows("train").gather([0])[1].shape[1:]
            return {**arguments, "horizon": horizon, "num_targets": targets}
        if task.targets == "symbols":
            return {**arguments, "vocabulary_size": len(self.decoding.labels or ())}
        arguments["num_classes"] = len(self.decoding.labels or self.decoding.target_names or ())
        return arguments | task.builder_arguments

    def for_model(self, model: keras.Model, *, task: str | None = None) -> Splits:
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
        weights: Rows | None = None,
        preprocessing: Preprocessing | None = None,
        parts: Parts | None = None,
        words: WordOptions | None = None,
        description: Mapping[str, Any] | None = None,
        **options: Unpack[ArrayOptions],
    ) -> Splits:
        """Makes splits of rows in memory.

        Rows are split one by one: it warns where many texts of a part that was split off are in the training part too.
        It warns too where nearly every text is a single word of its own, as DNA is, and where rows seem to be padded.

        Args:
            inputs: Texts; lists of words (tagging); series, one array ``(rows, time, features)`` or a list of
                ``(time, features)`` of any lengths; series with missing values at irregular times, mappings of
                ``"times"`` and ``"values"`` (see ``IrregularPreprocessing``); videos, as series of
                ``(time, height, width, channels)``; or, with ``task="forecasting"``, windows that you have cut,
                ``(rows, window, features)``. The first features of a window are the past of its targets, in the same
                units, and windows are split in their order, not shuffled, for they mostly overlap.
            targets: One per row: labels (names or numbers), lists of labels or an indicator matrix (several
                labels), numbers ``(rows,)`` or ``(rows, values)`` (regression), lists of labels (tagging), texts
                (transcription), what comes after a window ``(rows, horizon)`` or ``(rows, horizon, targets)``
                (forecasting).
            task: A name in the task table, but for ``"language_modeling"``, which running text is for (see
                ``running_text_splits``), and ``"translation"`` (see ``pair_splits``). Of tasks that forecast it is
                ``"forecasting"``, whichever model is trained.
            weights: How much each row counts, in loss, metrics, scores and baselines: one of weight 2 counts like the
                same row twice, one of weight 0 not at all. Numbers of at least 0 ``(rows,)``; for tagging lists of them
                too, one for each step. They are divided by their mean over the part, so that losses are as large as
                without. ``None`` for all alike, as windows are.
            preprocessing: What reads the rows, such as ``DNAPreprocessing()`` or one of your own; ``None`` to choose by
                the first row and fit it on the training part.
            parts: How rows are split, as one value; validation and test parts that are given are pairs of rows and
                targets, or rows, targets and weights.
            words: How much of texts and words is read, as one value.
            description: Facts to keep; a checksum of the arrays is added.
            **options: The fields of ``Parts`` and ``WordOptions`` as they are: ``validation``, ``test``,
                ``validation_fraction`` (0.15), ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``,
                ``unlabelled``, ``groups``, ``fold``; ``max_tokens`` (20,000), ``max_length``, ``characters``.

        Returns:
            The splits.

        Raises:
            ArgumentError: If a fraction is out of range, or a keyword is unknown; the nearest is suggested.
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
        if is_of_own_windows(task):
            _refuse_of_windows(
                task, preprocessing=preprocessing, words=None if words == WordOptions() else words
            )
            _refuse_weights(task, weights)
            return _own_windows(inputs, targets, parts, description, options)
        _check_rows_task(task)
        _check_preprocessing(preprocessing)
        _refuse_lengths(options)
        flat = FlatOptions("Splits.from_arrays", options)
        settings = flat.take(Parts, parts, "parts")
        words = flat.take(WordOptions, words, "words")
        flat.refuse_rest("task", "weights", "preprocessing", "parts", "words", "description")
        rows, given, own_weights = _given_rows((inputs, targets, weights), settings, get_task(task))
        if preprocessing is None:
            _check_axes(rows[0])
        refuse_many_numbers(rows[1], task=task)
        split = split_rows(rows, dataclasses.replace(settings, **given), get_task(task))
        made, origins = split.parts, split.origins
        if preprocessing is None:
            example = find_example(rows[0])
            if get_task(task).targets == "symbols" and isinstance(example, str):
                raise DataError(
                    f"inputs: received texts for task {task!r}; expected series (time, features) with a text "
                    "each. Use rnnzoo.audio_splits for sound."
                )
            with origins["train"].named():
                preprocessing = choose_preprocessing(
                    {name: part[0] for name, part in made.items()},
                    example=example,
                    task=task,
                    per_step=get_task(task).per_step,
                    words=words,
                )
            _warn_of_rows(made["train"][0], preprocessing)
        splits = cls.from_parts(
            made,
            task=task,
            preprocessing=preprocessing,
            description={**(description or {}), **split.facts},
            seed=settings.seed,
            origins=origins,
            weights=weights_of_parts(own_weights, origins),
        )
        for name, pair in given.items():
            if pair is None and name in made:
                warn_of_copies(made["train"][0], made[name][0], name)
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
        weights: Mapping[str, RowWeights] | None = None,
    ) -> Splits:
        """Makes splits of rows that are in their parts, with a preprocessing that was fitted on ``"train"``.

        Args:
            parts: Rows and targets of ``"train"``, ``"validation"`` and, if there is one, ``"test"``.
            task: A name in the task table.
            preprocessing: Raw rows to model inputs.
            description: Facts to keep; a checksum of the arrays is added.
            seed: The seed that the parts were split with.
            origins: Which rows of the caller those of each part are, for messages; ``None`` for the rows as they are.
            weights: How much the rows of each part count; a part that is not there has no weights.
        """
        _check_preprocessing(preprocessing)
        weights = weights or {}
        origins = origins or {name: RowOrigin(name) for name in parts}
        with origins["train"].named():
            decoding = fit_decoding(task, parts["train"][1])
        splits = {}
        for name, (rows, labels) in parts.items():
            with origins[name].named():
                encoded = encode_targets(decoding, labels, part=name)
                splits[name] = _sequence_split(
                    rows, encoded, preprocessing, task, origins[name], weights=weights.get(name), part=name
                )
        summed = {name: (*pair, weights[name]) if name in weights else pair for name, pair in parts.items()}
        facts = {"checksum": checksum_of(summed), **description, "split_seed": seed}
        facts["rows"] = {name: len(split) for name, split in splits.items()}
        if unlabelled := {name: split.unlabelled for name, split in splits.items() if split.unlabelled}:
            facts["steps_left_out"] = unlabelled
        if weights:
            facts["weighted"] = sorted(weights)
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
        cls,
        frame: pd.DataFrame,
        *,
        text: str,
        label: str,
        test: pd.DataFrame | None = None,
        **options: Any,
    ) -> Splits:
        """Makes splits of a frame, of pandas, polars or Arrow, with a column of texts and one of labels.

        A frame whose rows follow each other in time is for ``rnnzoo.read_series``.

        Args:
            frame: The frame.
            text: The column of texts.
            label: The column of labels.
            test: A frame of test rows with the same columns; ``None`` to split them off.
            **options: As for ``from_arrays``.

        Raises:
            UnknownNameError: If a column is missing; the nearest name is suggested.
        """
        rows, labels = _frame_columns(as_frame(frame, "frame"), text, label)
        given = None if test is None else _frame_columns(as_frame(test, "test"), text, label, of="test")
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


def _refuse_weights(task: str, weights: object) -> None:
    """Raises ``ArgumentError`` for weights of windows."""
    if weights is not None:
        raise ArgumentError(
            f"weights: received them for task {task!r}, whose windows all count alike; expected None. Leave them out."
        )


def _refuse_of_windows(task: str, **given: object) -> None:
    """Raises ``ArgumentError`` for what is of no use to windows."""
    for name, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"{name}: received {value!r} for task {task!r}, whose windows are scaled by the training part; "
                "expected none. Leave it out."
            )


def _own_windows(
    inputs: Any,
    targets: Any,
    parts: Parts | None,
    description: Mapping[str, Any] | None,
    options: Mapping[str, Any],
) -> Splits:
    flat = FlatOptions("Splits.from_arrays", options)
    settings = flat.take(Parts, parts, "parts")
    flat.refuse_rest("task", "parts", "description")
    return read_own_windows(inputs, targets, settings, description or {})


def _refuse_lengths(options: Mapping[str, Any]) -> None:
    if "lengths" in options:
        raise ArgumentError(
            "lengths: received it for Splits.from_arrays; expected rows that are as long as they are. Cut them: "
            "[row[:n] for row, n in zip(inputs, lengths)]."
        )


def _warn_of_rows(rows: Rows, preprocessing: Preprocessing) -> None:
    """Warns of training rows that are likely read as what they are not."""
    if type(preprocessing) is TextPreprocessing:
        warn_of_single_words(rows)
    elif isinstance(preprocessing, FeaturePreprocessing | FramePreprocessing):
        warn_of_padding(rows)


def _check_axes(inputs: Rows) -> None:
    """Checks that an array of all rows has as many axes as series or videos have."""
    if not isinstance(inputs, np.ndarray) or inputs.dtype.kind not in "iuf" or inputs.ndim not in (2, 4):
        return
    axes, one = ("time", "feature") if inputs.ndim == 2 else ("time, height, width", "channel")
    raise DataError(
        f"inputs: received an array of shape {inputs.shape}; expected (rows, {axes}, {one}s). Of one {one} each, pass "
        "inputs[..., None]."
    )


def _check_rows_task(task: str) -> None:
    """Checks that rows with targets make the data of a task."""
    known = TASKS.get(task) if isinstance(task, str) else None
    if known is not None and known.data == "rows" and known.data_of is not None:
        raise ArgumentError(
            f"task: received {task!r}, whose data are those of {known.data_of!r}; expected that. Pass "
            f"task={known.data_of!r}, and train a model with the output {known.output!r}."
        )
    check_row_task(task, "rows in memory")
    checks.choice("task", task, [name for name, other in TASKS.items() if other.from_rows])


def _check_preprocessing(preprocessing: object) -> None:
    if preprocessing is not None and not isinstance(preprocessing, Preprocessing):
        raise ArgumentError(
            f"preprocessing: received {preprocessing!r}; expected an object of rnnzoo.Preprocessing. Pass an "
            "instance such as Own(), not a class, name or config."
        )
    if isinstance(preprocessing, Preprocessing) and preprocessing.takes in _NO_SEQUENCES:
        raise ArgumentError(
            f"preprocessing: received {type(preprocessing).__name__}, whose rows are not one sequence each; expected "
            "one that reads sequences. Train the model yourself with model.fit(preprocessing.apply(inputs), targets), "
            "and give the preprocessing to save_bundle."
        )


def _named(value: object) -> str:
    return "none" if value is None else type(value).__name__


def _given_rows(
    rows: tuple[Any, ...], parts: Parts, task: Task
) -> tuple[Pair, dict[str, Any], dict[str, RowWeights | None]]:
    """Returns rows and targets, those of the parts that are given, and the weights of both."""
    check_unlabelled(parts.unlabelled, task)
    pairs: dict[str, Any] = {}
    weights: dict[str, RowWeights | None] = {}
    for name, given in (("train", rows), ("validation", parts.validation), ("test", parts.test)):
        if given is None:
            pairs[name] = None
            continue
        if len(given) not in (2, 3):
            raise DataError(
                f"{name}: received {len(given)} values; expected rows and targets, and weights where rows have some. "
                "Pass them as a tuple."
            )
        inputs, targets, own = map(_as_list, (*given, None)[:3])
        if parts.unlabelled == "leave_out":
            targets = mark_unlabelled(targets)
        if own is not None and len(inputs) == len(targets):
            part = "" if name == "train" else name
            weights[name] = check_weights(own, targets, task, part=part)
        pairs[name] = inputs, targets
    return pairs.pop("train"), pairs, weights


def _as_list(part: Any) -> Any:
    """Turns a column of pandas, which is asked for rows by its index, into a list."""
    return part if isinstance(part, np.ndarray) or not hasattr(part, "tolist") else part.tolist()


def _sequence_split(
    rows: Rows,
    targets: Any,
    preprocessing: Preprocessing,
    task: str,
    origin: RowOrigin,
    *,
    weights: RowWeights | None,
    part: str,
) -> SequenceSplit:
    known = get_task(task)
    counted, unlabelled = None, 0
    if known.tags_steps:
        unlabelled = count_unlabelled(targets, part)
        counted = [labelled(tags) for tags in targets]
    if weights is not None:
        weights = relative(weights, counted, part)
    if known.targets == "symbols":
        return TranscriptSplit(rows, targets, preprocessing=preprocessing, origin=origin, weights=weights)
    return SequenceSplit(
        rows,
        targets,
        preprocessing=preprocessing,
        tagging=known.per_step,
        origin=origin,
        weights=weights,
        unlabelled=unlabelled,
    )


def _frame_columns(frame: pd.DataFrame, text: str, label: str, *, of: str = "") -> Pair:
    refuse_repeated(frame)
    check_table_columns(frame, (text, label), of="the frame")
    return text_cells(frame, text, of=of), frame[label].tolist()
