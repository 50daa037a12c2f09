"""Model outputs to answers that a person or a program can read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.decoding.ctc import best_symbols, log_probability, prefix_beam_search
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, check_quantiles, forecast_quantiles
from rnnzoo.decoding.probabilities import sigmoid, softmax
from rnnzoo.decoding.viterbi import best_path, marginals
from rnnzoo.errors import ArgumentError, DataError

Answer = dict[str, Any]
#: How many of the tokens that may come next are told.
_NEXT = 5

_OF_DISTRIBUTIONS = ("quantile_forecasting", "gaussian_forecasting")
_OF_VALUES = ("regression", "forecasting", *_OF_DISTRIBUTIONS)


class Decoding:
    """Turns a batch of outputs into one answer per row.

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

    Example:
        >>> decoding = Decoding("classification", labels=["cat", "dog"])
        >>> decoding(np.array([[0.0, 0.0]]))
        [{'label': 'cat', 'probability': 0.5, 'probabilities': {'cat': 0.5, 'dog': 0.5}}]
    """

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
        self.task = checks.choice("task", task, _DECODERS)
        values = task in _OF_VALUES
        if values == (labels is not None) or values == (target_names is None):
            raise ArgumentError(
                f"decoding: received labels={labels!r} and target_names={target_names!r} for task {task!r}; expected "
                "target_names for regression and forecasting, labels for all others."
            )
        if beam_width is not None and task != "transcription":
            raise ArgumentError(
                f"beam_width: received {beam_width!r} for task {task!r}; expected 'transcription'."
            )
        self.beam_width = None if beam_width is None else checks.integer("beam_width", beam_width, minimum=1)
        self.labels = None if labels is None else [str(label) for label in labels]
        self.target_names = None if target_names is None else [str(name) for name in target_names]
        count = len(self.target_names or ())
        self.mean = np.asarray([0.0] * count if mean is None else mean, np.float64)
        self.scale = np.asarray([1.0] * count if scale is None else scale, np.float64)
        if quantiles is not None and task not in _OF_DISTRIBUTIONS:
            raise ArgumentError(
                f"decoding: received quantiles={quantiles!r} for task {task!r}; expected them for "
                f"{' and '.join(_OF_DISTRIBUTIONS)} only."
            )
        self.quantiles: tuple[float, ...] | None = None
        if task in _OF_DISTRIBUTIONS:
            self.quantiles = check_quantiles(DEFAULT_QUANTILES if quantiles is None else quantiles)

    def for_task(self, task: str) -> Decoding:
        """Returns the same for another task: that of the data, or another way to train for it."""
        return self if task == self.task else Decoding.from_config({**self.to_config(), "task": task})

    def in_original_units(self, values: np.ndarray) -> np.ndarray:
        """Undoes the scaling of values ``(..., targets)``."""
        return np.asarray(values, np.float64) * self.scale + self.mean

    @property
    def output_scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """The factor and the offset that bring a model's outputs, whatever they hold, to original units."""
        if self.task == "quantile_forecasting":
            return self.scale[:, None], self.mean[:, None]
        if self.task == "gaussian_forecasting":  # a scale has no location
            return self.scale[:, None], np.stack([self.mean, np.zeros_like(self.mean)], axis=-1)
        return self.scale, self.mean

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
        """
        outputs = np.asarray(outputs, np.float64)
        if not np.isfinite(outputs).all():
            row = int(np.argwhere(~np.isfinite(outputs))[0][0])
            raise DataError(
                f"row {row}: the model answered NaN or infinity; expected finite numbers. Train it again."
            )
        if self.task == "language_modeling":
            ends = [len(row) for row in outputs] if lengths is None else lengths
            return [self._next(row[max(end, 1) - 1]) for row, end in zip(outputs, ends, strict=True)]
        if self.task in ("tagging", "crf_tagging"):
            kept = [len(row) for row in outputs] if lengths is None else lengths
            answer = self._path if outputs.ndim == 4 or self.task == "crf_tagging" else self._tags
            return [answer(row[:length]) for row, length in zip(outputs, kept, strict=True)]
        return [_DECODERS[self.task](self, row) for row in outputs]

    def _classes(self, row: np.ndarray) -> Answer:
        return self._best(softmax(row))

    def _two_classes(self, row: np.ndarray) -> Answer:
        positive = float(sigmoid(row[0]))
        return self._best(np.array([1.0 - positive, positive]))

    def _best(self, probabilities: np.ndarray) -> Answer:
        labels = self._names(len(probabilities))
        best = int(probabilities.argmax())
        shares = dict(zip(labels, probabilities.tolist(), strict=True))
        return {"label": labels[best], "probability": float(probabilities[best]), "probabilities": shares}

    def _several(self, row: np.ndarray) -> Answer:
        shares = dict(zip(self._names(len(row)), sigmoid(row).tolist(), strict=True))
        return {"labels": [label for label, p in shares.items() if p > 0.5], "probabilities": shares}

    def _tags(self, row: np.ndarray) -> Answer:
        labels = self._names(row.shape[-1])
        shares = softmax(row) if len(row) else row
        return {
            "labels": [labels[i] for i in row.argmax(axis=-1)] if len(row) else [],
            "probabilities": shares.max(axis=-1).tolist() if len(row) else [],
        }

    def _next(self, row: np.ndarray) -> Answer:
        """Returns the tokens that are most likely to come next."""
        labels, shares = self._names(len(row)), softmax(row)
        best = np.argsort(-shares, kind="stable")[:_NEXT]
        return {"next": {labels[number]: float(shares[number]) for number in best}}

    def _path(self, row: np.ndarray) -> Answer:
        """The tags of the best path, each with its share of all paths."""
        if row.ndim != 3 or row.shape[1] != row.shape[2]:
            raise DataError(
                f"decoding: received outputs of shape {row.shape} a row for task 'crf_tagging'; expected potentials "
                "(time, classes, classes). Build the model with crf=True, or use the decoding of task 'tagging'."
            )
        labels, path = self._names(row.shape[-1]), best_path(row)
        shares = np.take_along_axis(marginals(row), path[:, None], axis=1)[:, 0]
        return {"labels": [labels[tag] for tag in path], "probabilities": shares.tolist()}

    def _transcript(self, row: np.ndarray) -> Answer:
        labels = self._names(row.shape[-1])
        if self.beam_width is None:
            symbols = best_symbols(row)
        else:
            symbols, _ = prefix_beam_search(row, beam_width=self.beam_width)[0]
        probability = math.exp(min(0.0, log_probability(row, symbols)))
        return {"text": "".join(labels[symbol] for symbol in symbols), "probability": probability}

    def _values(self, row: np.ndarray) -> Answer:
        restored = self.in_original_units(row)
        return {"values": {name: restored[..., i].tolist() for i, name in enumerate(self.target_names or ())}}

    def _quantiles(self, row: np.ndarray) -> Answer:
        restored, levels = self.outputs_in_original_units(row), self.quantiles or ()
        every = forecast_quantiles(self.task, restored, levels)
        median, names = every[..., levels.index(0.5)], self.target_names or ()
        answer: Answer = {
            "values": {name: median[..., i].tolist() for i, name in enumerate(names)},
            "quantiles": {
                name: {f"{level:g}": every[..., i, k].tolist() for k, level in enumerate(levels)}
                for i, name in enumerate(names)
            },
        }
        if self.task == "gaussian_forecasting":
            answer["scale"] = {name: restored[..., i, 1].tolist() for i, name in enumerate(names)}
        return answer

    def _names(self, count: int) -> list[str]:
        labels = self.labels or []
        if len(labels) != count:
            raise DataError(
                f"model: answers {count} classes; the labels are {len(labels)}. Use the labels of its data."
            )
        return labels

    def to_config(self) -> dict[str, Any]:
        """Returns the arguments as JSON has them."""
        config: dict[str, Any] = {"task": self.task, "labels": self.labels, "target_names": self.target_names}
        if self.target_names is not None:
            config |= {"mean": self.mean.tolist(), "scale": self.scale.tolist()}
        if self.beam_width is not None:
            config["beam_width"] = self.beam_width
        if self.quantiles is not None:
            config["quantiles"] = list(self.quantiles)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Decoding:
        """Makes it again from ``to_config``."""
        arguments = dict(config)
        return cls(arguments.pop("task"), **arguments)


_DECODERS: dict[str, Callable[[Decoding, np.ndarray], Answer]] = {
    "classification": Decoding._classes,
    "binary_classification": Decoding._two_classes,
    "multilabel_classification": Decoding._several,
    "regression": Decoding._values,
    "tagging": Decoding._tags,
    "crf_tagging": Decoding._path,
    "forecasting": Decoding._values,
    "language_modeling": Decoding._next,
    "transcription": Decoding._transcript,
    "quantile_forecasting": Decoding._quantiles,
    "gaussian_forecasting": Decoding._quantiles,
}
