"""The files of a trial's model, measured before it is trained; the one place where a search reaches the exporter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo.data.split import Rows
from rnnzoo.data.splits import Splits
from rnnzoo.preprocessing.pairs import PairPreprocessing
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_export.bundle import ONNX_FILE, QUANTIZED_FILE, STREAMING_FILE
from rnnzoo_export.deployment.measuring import count_parameters, least_size, measure_files, measure_untrained
from rnnzoo_export.deployment.run_bundle import save_run_bundle
from rnnzoo_export.formats.seq2seq import export_seq2seq_onnx
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_tuning.goals import Goals, broken
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.study import SearchStudy

# What a layer's config says that is in no file, or says nothing of its kind.
_NOT_IN_FILES = (
    "build_config",
    "dropout",
    "name",
    "rate",
    "recurrent_dropout",
    "registered_name",
    "seed",
)
# How often the files of a bundle are measured, as long as they break a limit that those of its trial kept.
_MEASURED_AGAIN = 3
_ENDINGS = ("_initializer", "_regularizer", "_constraint")


class ArtefactMeter:
    """Measures the file of each trial, once for each architecture, and says which trials are not to be trained.

    Args:
        goals: What is measured, and the limits.
        study: Where measurements are kept for all workers.
        splits: The data, a typical row of which says how many steps a call has.
    """

    def __init__(self, goals: Goals, study: SearchStudy, splits: Splits) -> None:
        self._goals, self._study = goals, study
        self._steps = typical_steps(splits)

    def refuse(self, model: keras.Model, trial: RunningTrial) -> str | None:
        """Measures the model of a trial; returns why it is refused, or ``None`` if it is within all limits.

        What breaks a limit by the number of its weights alone is not exported.
        """
        limits, config = self._goals.limits, self._goals.config
        sure = {
            "parameters": float(count_parameters(model)),
            "size_mb": least_size(model, config.precision),
        }
        if too_large := broken(sure, limits):
            trial.keep_measures(too_large, limits)
            return _reason(too_large, limits, at_least=True)
        values = self._measured(model)
        trial.keep_measures(values, limits)
        beyond = broken(values, limits)
        return _reason(beyond, limits) if beyond else None

    def _measured(self, model: keras.Model) -> dict[str, float]:
        """Returns what is measured of a model, or was of another one of the same architecture."""
        key = architecture(model)
        known: dict[str, float] | None = None if key is None else self._study.kept(f"measured {key}")
        if known is not None:
            return known
        values = measure_untrained(model, self._goals.wanted, self._goals.config, steps=self._steps)
        if key is not None:
            self._study.keep(f"measured {key}", values)
        return values


def typical_steps(splits: Splits) -> int:
    """Returns the steps of a typical row: the median of the training part where its rows are known."""
    part: Any = splits.train
    if isinstance(part, Rows) and len(part.lengths):
        return max(1, int(np.median(part.lengths)))
    inputs = part.first(32)[0]
    return max(value.shape[1] for value in inputs.values() if value.ndim > 1)


def architecture(model: keras.Model) -> str | None:
    """Returns what models have in common whose files differ in the numbers of their weights alone.

    Dropout, regularizers and initializers are not in files. ``None`` where a subclassed model does not say what it is
    made of.

    Example:
        >>> from rnnzoo import build_classifier
        >>> first, second = (build_classifier(num_classes=2, num_features=3, dropout=d) for d in (0.1, 0.4))
        >>> architecture(first) == architecture(second)
        True
    """
    try:
        described = [type(model).__qualname__, _plain(model.get_config())]
    except NotImplementedError:
        return None
    shapes = [[str(weight.dtype), list(weight.shape)] for weight in model.weights]
    text = json.dumps([described, shapes], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(key): _plain(item)
            for key, item in value.items()
            if key not in _NOT_IN_FILES and not str(key).endswith(_ENDINGS)
        }
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _reason(values: Mapping[str, float], limits: Mapping[str, float], *, at_least: bool = False) -> str:
    word = "at least " if at_least else ""
    return ", ".join(f"{name} {word}{value:.3g} > {limits[name]:g}" for name, value in values.items())


def save_bundle_of(
    run: RunDirectory, directory: Path, model: keras.Model, splits: Splits, goals: Goals
) -> None:
    """Writes the bundle of a run, proved equal to its model; translators are an encoder and a decoder file.

    Args:
        run: The finished run.
        directory: Where to write; a bundle that is there is replaced.
        model: Its model.
        splits: The data, on whose validation rows a file in fewer bits must answer nearly as well.
        goals: What was measured: the bundle has the streaming file and that of the precision.

    Raises:
        RnnzooError: If the model cannot be exported.
    """
    preprocessing = run.read_preprocessing()
    if isinstance(preprocessing, PairPreprocessing):
        export_seq2seq_onnx(
            model, directory, preprocessing=preprocessing, parity_inputs=run.read_samples(), overwrite=True
        )
        return
    smaller = [goals.config.precision] if goals.wanted and goals.config.precision != "float32" else []
    save_run_bundle(
        run,
        directory,
        model=model,
        also=[*(["streaming"] if "step_ms" in goals.wanted else []), *smaller],
        quantization_data=splits.validation if smaller else None,
        overwrite=True,
    )


def measure_bundle(directory: Path, model: keras.Model, splits: Splits, goals: Goals) -> dict[str, float]:
    """Measures the files of a bundle as those of its trial were; some times where they break a limit.

    Args:
        directory: The bundle.
        model: Its model.
        splits: The data.
        goals: What is measured.
    """
    smaller = goals.config.precision != "float32"
    measured: dict[str, float] = {}
    for _ in range(_MEASURED_AGAIN):
        measured = measure_files(
            Exportable(model),
            goals.wanted,
            goals.config,
            path=directory / (QUANTIZED_FILE if smaller else ONNX_FILE),
            streaming=directory / STREAMING_FILE,
            steps=typical_steps(splits),
        )
        if not goals.beyond(measured):
            break
    return measured
