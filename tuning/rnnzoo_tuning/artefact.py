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
from rnnzoo_export.deployment.bundle_writer import save_bundle
from rnnzoo_export.deployment.measuring import count_parameters, least_size, measure_files, measure_untrained
from rnnzoo_export.formats.seq2seq import export_seq2seq_onnx
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_tuning.goals import Goals
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
        limits = self._goals.limits
        if not self._goals.wanted:
            return None
        sure = {"parameters": float(count_parameters(model))}
        sure["size_mb"] = least_size(model, self._goals.config.precision)
        broken = _broken({name: sure[name] for name in sure if name in limits}, limits)
        if broken:
            trial.keep_measures({name: sure[name] for name in broken}, limits)
            return _reason({name: sure[name] for name in broken}, limits, at_least=True)
        key = f"measured {architecture(model)}"
        values: dict[str, float] | None = self._study.kept(key)
        if values is None:
            values = measure_untrained(model, self._goals.wanted, self._goals.config, steps=self._steps)
            self._study.keep(key, values)
        trial.keep_measures(values, limits)
        broken = _broken(values, limits)
        return _reason({name: values[name] for name in broken}, limits) if broken else None


def typical_steps(splits: Splits) -> int:
    """Returns the steps of a typical row: the median of the training part where its rows are known."""
    part: Any = splits.train
    if isinstance(part, Rows) and len(part.lengths):
        return max(1, int(np.median(part.lengths)))
    inputs = part.first(32)[0]
    return max(value.shape[1] for value in inputs.values() if value.ndim > 1)


def architecture(model: keras.Model) -> str:
    """Returns what models have in common whose files differ in the numbers of their weights alone.

    Dropout, regularizers and initializers are not in files.

    Example:
        >>> from rnnzoo import build_classifier
        >>> first, second = (build_classifier(num_classes=2, num_features=3, dropout=d) for d in (0.1, 0.4))
        >>> architecture(first) == architecture(second)
        True
    """
    try:
        described = _plain(model.get_config())
    except NotImplementedError:  # a subclassed model that does not say what it is made of
        described = [type(model).__qualname__, id(model)]
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


def _broken(values: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    return [name for name, limit in limits.items() if values.get(name, 0) > limit]


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
    config, preprocessing = run.read_config(), run.read_preprocessing()
    if isinstance(preprocessing, PairPreprocessing):
        export_seq2seq_onnx(
            model, directory, preprocessing=preprocessing, parity_inputs=run.read_samples(), overwrite=True
        )
        return
    facts = {name: config[name] for name in ("data", "train_config", "details")}
    smaller = [goals.config.precision] if goals.wanted and goals.config.precision != "float32" else []
    save_bundle(
        model,
        directory,
        preprocessing=preprocessing,
        decoding=run.read_decoding(),
        task=config["task"],
        provenance={**facts, "example": run.read_example()},
        metrics=run.read_metrics(),
        name=config["model"]["name"],
        parity_inputs=run.read_samples(),
        also=[*(["streaming"] if "step_ms" in goals.wanted else []), *smaller],
        quantization_data=splits.validation if smaller else None,
        overwrite=True,
    )


def measure_bundle(directory: Path, model: keras.Model, splits: Splits, goals: Goals) -> dict[str, float]:
    """Measures the files of a bundle as those of its trial were.

    Args:
        directory: The bundle.
        model: Its model.
        splits: The data.
        goals: What is measured.
    """
    smaller = goals.config.precision != "float32"
    return measure_files(
        Exportable(model),
        goals.wanted,
        goals.config,
        path=directory / (QUANTIZED_FILE if smaller else ONNX_FILE),
        streaming=directory / STREAMING_FILE,
        steps=typical_steps(splits),
    )
