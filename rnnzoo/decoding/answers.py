"""Model outputs to answers that a person or a program can read, each kind of answer in its own class."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.ctc import best_symbols, log_probability, prefix_beam_search
from rnnzoo.decoding.distributions import (
    DEFAULT_QUANTILES,
    check_quantiles,
    gaussian_quantiles,
    learned_quantiles,
)
from rnnzoo.decoding.probabilities import sigmoid, softmax
from rnnzoo.decoding.viterbi import best_path, marginals
from rnnzoo.errors import ArgumentError, DataError, OwnCodeError
from rnnzoo.extensions import describe_class
from rnnzoo.registry import Registry

Answer = dict[str, Any]
#: How many of the tokens that may come next are given.
_NEXT = 5


class Decoding:
    """Turns a batch of outputs into one answer per row; the base of own decodings.

    ``Decoding("classification", ...)`` makes the decoding of that task. A task of your own may take one of these, or a
    class derived from this one with its own ``answer``, which needs NumPy alone, for a server has no TensorFlow.

    Args:
        task: A name in the task table.
        labels: The names of the classes, tags or labels, by number; for tasks that have them. For transcription the
            characters, with ``""`` for the blank first.
        target_names: The names of the values; for regression and forecasting.
        mean: What each value was centred by in training.
        scale: What each value was divided by in training.
        beam_width: How many beginnings a transcript is searched with; ``None`` for the best path, which is faster.
        quantiles: For forecasts of a distribution, the levels of the model's quantiles, or those to be answered of a
            Gaussian; ``None`` for 0.1, 0.5 and 0.9.

    Attributes:
        of_values: Whether answers are values with ``target_names``; otherwise they are of ``labels``.
        takes_beam_width: Whether ``beam_width`` is for this class.
        takes_quantiles: Whether ``quantiles`` are for this class.

    Example:
        >>> decoding = Decoding("classification", labels=["cat", "dog"])
        >>> decoding(np.array([[0.0, 0.0]]))
        [{'label': 'cat', 'probability': 0.5, 'probabilities': {'cat': 0.5, 'dog': 0.5}}]

        A decoding of your own, for outputs ``(batch, 1)`` whose sign says which of two labels it is:

        >>> class SignDecoding(Decoding):
        ...     def answer(self, row: np.ndarray) -> dict[str, str]:
        ...         return {"label": self.labels[int(row[0] > 0)]}
        >>> SignDecoding("sign", labels=["down", "up"])(np.array([[-3.0], [2.0]]))
        [{'label': 'down'}, {'label': 'up'}]

        Arguments of its own are stored by ``to_config`` and come back as keywords of ``__init__``:

        >>> class LimitDecoding(SignDecoding):
        ...     def __init__(self, task: str, *, limit: float = 0.0, **arguments: Any) -> None:
        ...         super().__init__(task, **arguments)
        ...         self.limit = limit
        ...
        ...     def answer(self, row: np.ndarray) -> dict[str, str]:
        ...         return super().answer(row - self.limit)
        ...
        ...     def to_config(self) -> dict[str, Any]:
        ...         return {**super().to_config(), "limit": self.limit}
        >>> LimitDecoding("sign", labels=["down", "up"], limit=3.0).to_config()["limit"]
        3.0
    """

    of_values: ClassVar[bool] = False
    takes_beam_width: ClassVar[bool] = False
    takes_quantiles: ClassVar[bool] = False

    def __new__(cls, task: str = "", **options: Any) -> Self:
        """Returns an object of the class that answers for ``task``, where none was chosen."""
        chosen = DECODINGS[checks.choice("task", task, DECODINGS)] if cls is Decoding else cls
        return cast(Self, object.__new__(chosen))

    def __init__(
        self,
        task: str,
        *,
        labels: Sequence[str] | None = None,
        target_names: Sequence[str] | None = None,
        mean: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        beam_width: int | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> None:
        self.task = task
        if self.of_values == (labels is not None) or self.of_values == (target_names is None):
            raise ArgumentError(
                f"decoding: received labels={labels!r} and target_names={target_names!r} for task {task!r}; expected "
                "target_names for regression and forecasting, labels for all others."
            )
        if beam_width is not None and not self.takes_beam_width:
            raise ArgumentError(
                f"beam_width: received {beam_width!r} for task {task!r}; expected "
                f"{' or '.join(repr(name) for name, kind in DECODINGS.items() if kind.takes_beam_width)}."
            )
        self.beam_width = None if beam_width is None else checks.integer("beam_width", beam_width, minimum=1)
        self.labels = None if labels is None else [str(label) for label in labels]
        self.target_names = None if target_names is None else [str(name) for name in target_names]
        count = len(self.target_names or ())
        self.mean = np.asarray([0.0] * count if mean is None else mean, np.float64)
        self.scale = np.asarray([1.0] * count if scale is None else scale, np.float64)
        if quantiles is not None and not self.takes_quantiles:
            raise ArgumentError(
                f"decoding: received quantiles={quantiles!r} for task {task!r}; expected them for "
                f"{' and '.join(name for name, kind in DECODINGS.items() if kind.takes_quantiles)} only."
            )
        self.quantiles: tuple[float, ...] | None = None
        if self.takes_quantiles:
            self.quantiles = check_quantiles(DEFAULT_QUANTILES if quantiles is None else quantiles)

    def for_task(self, task: str) -> Decoding:
        """Returns the same for another task: that of the data, or another way to train for it."""
        if task == self.task:
            return self
        left_out = (*_CLASS_KEYS, *(() if DECODINGS.find(task).takes_quantiles else ("quantiles",)))
        config = {name: value for name, value in self.to_config().items() if name not in left_out}
        return Decoding.from_config({**config, "task": task})

    def in_original_units(self, values: np.ndarray) -> np.ndarray:
        """Undoes the scaling of values ``(..., targets)``."""
        return np.asarray(values, np.float64) * self.scale + self.mean

    @property
    def numbers(self) -> tuple[int, ...]:
        """The axes that an output has behind those of its values: none, or the numbers of a distribution."""
        return ()

    @property
    def output_scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """The factor and the offset that bring a model's outputs, whatever they hold, to original units."""
        return self.scale, self.mean

    def with_level(self, mean: np.ndarray, scale: np.ndarray) -> Self:
        """Returns the same for rows that were scaled by levels of their own.

        Args:
            mean: What the values of each row were centred by ``(rows, values)``, the targets first.
            scale: What they were divided by ``(rows, values)``.
        """
        made, count = copy.copy(self), len(self.target_names or ())
        made.mean, made.scale = (np.asarray(level)[:, None, :count] for level in (mean, scale))
        return made

    def rescaled(self, outputs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Returns outputs as they would be if rows had no levels of their own.

        Args:
            outputs: Outputs of a model ``(rows, horizon, targets)``, with the numbers of a distribution behind.
            mean: What the values of each row were centred by ``(rows, values)``, the targets first.
            scale: What they were divided by ``(rows, values)``.
        """
        factor, offset = self.output_scaling
        values = self.with_level(mean, scale).outputs_in_original_units(outputs)
        return np.asarray((values - offset) / factor)

    def outputs_in_original_units(self, outputs: np.ndarray) -> np.ndarray:
        """Undoes the scaling of a model's outputs: values, quantiles, or means and scales."""
        factor, offset = self.output_scaling
        values: np.ndarray = np.asarray(outputs, np.float64) * factor + offset
        return values

    def __call__(self, outputs: np.ndarray, lengths: Sequence[int] | None = None) -> list[Answer]:
        """Answers each row.

        Args:
            outputs: Logits, values or potentials of a batch. For data of the task ``"tagging"`` both logits
                ``(batch, time, classes)`` and potentials ``(batch, time, classes, classes)`` will do.
            lengths: Valid steps of each row, for tagging and language models; ``None`` for all.

        Returns:
            One JSON-able answer per row.

        Raises:
            DataError: If an output is NaN or infinite.
            OwnCodeError: If a class of a user does not answer each row.
        """
        outputs = np.asarray(outputs, np.float64)
        if not np.isfinite(outputs).all():
            row = int(np.argwhere(~np.isfinite(outputs))[0][0])
            raise DataError(
                f"row {row}: the model answered NaN or infinity; expected finite numbers. Train it again."
            )
        answers = self.answers(outputs, lengths)
        if not isinstance(answers, list | tuple) or len(answers) != len(outputs):
            received = type(answers).__name__
            if isinstance(answers, list | tuple):
                received = f"{len(answers)} answers for {len(outputs)} rows"
            raise OwnCodeError(
                f"decoding: {type(self).__name__}.answers returned {received}; expected one answer for each row. "
                "Correct answers, or define answer(row) instead."
            )
        return list(answers)

    def answers(self, outputs: np.ndarray, lengths: Sequence[int] | None) -> list[Answer]:
        """Answers each row of finite outputs ``(batch, ...)``; own decodings of steps look at ``lengths`` too."""
        return [self.answer(row) for row in outputs]

    def answer(self, row: np.ndarray) -> Answer:
        """Answers one row, the outputs without the batch axis, as JSON has it; to be given by a class of your own."""
        raise NotImplementedError(f"{type(self).__name__}: has no method answer(row); expected one.")

    def label_names(self, count: int) -> list[str]:
        """Returns the labels.

        Raises:
            DataError: If there are not ``count`` of them.
        """
        labels = self.labels or []
        if len(labels) != count:
            raise DataError(
                f"model: answers {count} classes; the labels are {len(labels)}. Use the labels of its data."
            )
        return labels

    def to_config(self) -> dict[str, Any]:
        """Returns the arguments as JSON has them; what is not of rnnzoo names its class and package."""
        config: dict[str, Any] = {"task": self.task, "labels": self.labels, "target_names": self.target_names}
        if self.target_names is not None:
            config |= {"mean": self.mean.tolist(), "scale": self.scale.tolist()}
        if self.beam_width is not None:
            config["beam_width"] = self.beam_width
        if self.quantiles is not None:
            config["quantiles"] = list(self.quantiles)
        return config | self._class_config()

    def _class_config(self) -> dict[str, str]:
        """What says of which class it is, where the task does not."""
        names = [name for name, kind in DECODINGS.items() if kind is type(self)]
        brought = [name for name in names if not DECODINGS.is_own(name)]
        if self.task in brought:
            return {}
        if (
            brought
        ):  # a task of a user that answers as one of ours: no code of the user's is needed to load it
            return {"kind": brought[0]}
        kind = self.task if self.task in names or not names else names[0]
        return {"kind": kind, **describe_class(type(self))}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Decoding:
        """Makes a decoding of what ``to_config`` returned.

        Raises:
            UnknownNameError: If its class is not registered.
        """
        arguments = {name: value for name, value in config.items() if name not in _CLASS_KEYS}
        task = arguments.pop("task")
        kind = DECODINGS[checks.choice("task", config.get("kind", task), DECODINGS)]
        return kind(task, **arguments)


class ClassDecoding(Decoding):
    """One of several classes, from logits ``(classes,)`` a row."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the likeliest class and the probabilities of all."""
        return self.best_of(softmax(row))

    def best_of(self, probabilities: np.ndarray) -> Answer:
        """Returns the likeliest class of ``(classes,)`` and the probabilities of all."""
        labels = self.label_names(len(probabilities))
        best = int(probabilities.argmax())
        shares = dict(zip(labels, probabilities.tolist(), strict=True))
        return {"label": labels[best], "probability": float(probabilities[best]), "probabilities": shares}


class BinaryDecoding(ClassDecoding):
    """One of two classes, from the logit ``(1,)`` of the second."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the likelier class and the probabilities of both."""
        positive = float(sigmoid(row[0]))
        return self.best_of(np.array([1.0 - positive, positive]))


class LabelDecoding(Decoding):
    """Any number of labels, from a logit ``(labels,)`` for each."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the labels that are likelier than not, and the probabilities of all."""
        shares = dict(zip(self.label_names(len(row)), sigmoid(row).tolist(), strict=True))
        return {"labels": [label for label, p in shares.items() if p > 0.5], "probabilities": shares}


class TagDecoding(Decoding):
    """A tag for each step, from logits ``(time, classes)`` or potentials ``(time, classes, classes)``."""

    def answers(self, outputs: np.ndarray, lengths: Sequence[int] | None) -> list[Answer]:
        """Answers the valid steps of each row."""
        kept = [len(row) for row in outputs] if lengths is None else lengths
        return [self.answer(row[:length]) for row, length in zip(outputs, kept, strict=True)]

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the tags and their probabilities."""
        return self.best_path(row) if row.ndim > 2 else self.each_step(row)

    def each_step(self, row: np.ndarray) -> Answer:
        """Returns the likeliest tag of each step."""
        labels = self.label_names(row.shape[-1])
        shares = softmax(row) if len(row) else row
        return {
            "labels": [labels[i] for i in row.argmax(axis=-1)] if len(row) else [],
            "probabilities": shares.max(axis=-1).tolist() if len(row) else [],
        }

    def best_path(self, row: np.ndarray) -> Answer:
        """Returns the tags of the best path, each with its share of all paths."""
        if row.ndim != 3 or row.shape[1] != row.shape[2]:
            raise DataError(
                f"decoding: received outputs of shape {row.shape} a row for task 'crf_tagging'; expected potentials "
                "(time, classes, classes). Build the model with crf=True, or use the decoding of task 'tagging'."
            )
        labels, path = self.label_names(row.shape[-1]), best_path(row)
        shares = np.take_along_axis(marginals(row), path[:, None], axis=1)[:, 0]
        return {"labels": [labels[tag] for tag in path], "probabilities": shares.tolist()}


class PathDecoding(TagDecoding):
    """A tag for each step, from potentials ``(time, classes, classes)`` alone."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the tags of the best path, each with its share of all paths."""
        return self.best_path(row)


class NextTokenDecoding(Decoding):
    """The tokens that are most likely to come next, from logits ``(time, tokens)``."""

    def answers(self, outputs: np.ndarray, lengths: Sequence[int] | None) -> list[Answer]:
        """Answers for the last valid step of each row."""
        ends = [len(row) for row in outputs] if lengths is None else lengths
        return [self.answer(row[max(end, 1) - 1]) for row, end in zip(outputs, ends, strict=True)]

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the likeliest tokens of ``(tokens,)``."""
        labels, shares = self.label_names(len(row)), softmax(row)
        best = np.argsort(-shares, kind="stable")[:_NEXT]
        return {"next": {labels[number]: float(shares[number]) for number in best}}


class TranscriptDecoding(Decoding):
    """What was said, from logits ``(frames, symbols)`` whose first symbol is the blank."""

    takes_beam_width = True

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the text and its probability."""
        labels = self.label_names(row.shape[-1])
        if self.beam_width is None:
            symbols = best_symbols(row)
        else:
            symbols, _ = prefix_beam_search(row, beam_width=self.beam_width)[0]
        probability = math.exp(min(0.0, log_probability(row, symbols)))
        return {"text": "".join(labels[symbol] for symbol in symbols), "probability": probability}


class ValueDecoding(Decoding):
    """Values in original units, from ``(targets,)`` or ``(horizon, targets)``."""

    of_values = True

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the values by name."""
        restored = self.in_original_units(row)
        return {"values": {name: restored[..., i].tolist() for i, name in enumerate(self.target_names or ())}}


class QuantileDecoding(ValueDecoding):
    """The median and other quantiles of forecasts, from ``(horizon, targets, quantiles)``."""

    takes_quantiles = True

    @staticmethod
    def forecast_quantiles(outputs: np.ndarray, levels: Sequence[float]) -> np.ndarray:
        """Returns the quantiles ``(..., levels)`` that outputs stand for."""
        return learned_quantiles(outputs, levels)

    @property
    def numbers(self) -> tuple[int, ...]:
        """As many as quantiles."""
        return (len(self.quantiles or ()),)

    @property
    def output_scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """The factor and the offset of each target."""
        return self.scale[..., None], self.mean[..., None]

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the median as the value, and all quantiles, by name."""
        levels, names = self.quantiles or (), self.target_names or ()
        every = self.forecast_quantiles(self.outputs_in_original_units(row), levels)
        median = every[..., levels.index(0.5)]
        return {
            "values": {name: median[..., i].tolist() for i, name in enumerate(names)},
            "quantiles": {
                name: {f"{level:g}": every[..., i, k].tolist() for k, level in enumerate(levels)}
                for i, name in enumerate(names)
            },
        }


class GaussianDecoding(QuantileDecoding):
    """The mean, the quantiles and the scale of forecasts, from ``(horizon, targets, 2)``."""

    @staticmethod
    def forecast_quantiles(outputs: np.ndarray, levels: Sequence[float]) -> np.ndarray:
        """Returns the quantiles ``(..., levels)`` of means and scales ``(..., 2)``."""
        return gaussian_quantiles(outputs, levels)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Mean and scale."""
        return (2,)

    @property
    def output_scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """The factor and the offset of mean and scale of each target; a scale has no location."""
        return self.scale[..., None], np.stack([self.mean, np.zeros_like(self.mean)], axis=-1)

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the mean as the value, all quantiles and the scale, by name."""
        restored = self.outputs_in_original_units(row)
        scale = {name: restored[..., i, 1].tolist() for i, name in enumerate(self.target_names or ())}
        return {**super().answer(row), "scale": scale}


#: What a stored decoding says of its class beside the task.
_CLASS_KEYS = ("kind", "class", "package")


#: The class that answers for each task; translations are searched, not decoded.
def _check_class(entry: object) -> None:
    if not isinstance(entry, type) or not issubclass(entry, Decoding):
        raise ArgumentError(f"decoding: received {entry!r}; expected a subclass of rnnzoo.Decoding.")
    if entry.answer is Decoding.answer and entry.answers is Decoding.answers:
        raise ArgumentError(
            f"decoding: received {entry.__name__} without answer; expected a method answer(row) or answers(outputs, "
            "lengths). Define one."
        )


DECODINGS: Registry[type[Decoding]] = Registry(
    "decoding",
    {
        "classification": ClassDecoding,
        "binary_classification": BinaryDecoding,
        "multilabel_classification": LabelDecoding,
        "regression": ValueDecoding,
        "tagging": TagDecoding,
        "crf_tagging": PathDecoding,
        "forecasting": ValueDecoding,
        "language_modeling": NextTokenDecoding,
        "transcription": TranscriptDecoding,
        "quantile_forecasting": QuantileDecoding,
        "gaussian_forecasting": GaussianDecoding,
    },
    check=_check_class,
)
