"""Starting a model from what another has learned."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.loading import load_model
from rnnzoo.layers.word_embedding import OutputBias
from rnnzoo.preprocessing import Preprocessing
from rnnzoo.training.run.run_directory import open_run
from rnnzoo.training.transfer.transfer_report import LayerTransfer, TransferReport
from rnnzoo.training.transfer.word_rows import WordRows, Words

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer


def transfer(
    model_from: keras.Model | str | os.PathLike[str],
    model_to: keras.Model,
    *,
    vocabulary_from: Words | None = None,
    vocabulary_to: Words | None = None,
    names: Mapping[str, str | None] | None = None,
) -> TransferReport:
    """Copies the weights of one model into the layers of another that match.

    Layers match by name and by the names and shapes of their weights; wrappers such as ``WeightDrop`` are looked
    through. A layer that reads forwards also matches the forward direction of a bidirectional one, and the other way
    round. A layer is copied whole or not at all. Where vocabularies are given, rows of a word embedding (and the scores
    that a language model gives to words) go to the same words; words that only ``model_to`` knows start from the mean
    of all rows. Without them, and for characters, equal ids must mean the same.

    To fine-tune, train ``model_to`` with ``TrainConfig(discriminative=2.6, gradual_unfreezing=1,
    schedule="slanted_triangular")``.

    Args:
        model_from: What to copy from: a model, a ``.keras`` file, or the directory of a training run, which brings its
            vocabulary with it.
        model_to: What to copy into; it is changed in place.
        vocabulary_from: The words of ``model_from`` by id, or the preprocessing that has them; ``None`` for those of
            the run, or, for a model, where both models know the same words.
        vocabulary_to: The words of ``model_to``, likewise, such as ``splits.preprocessing``.
        names: For layers of ``model_to`` that are called differently in ``model_from``: ``{"encoder": "lstm_1"}``. A
            layer with ``None`` is left as it is.

    Returns:
        The report. Read it: what it lists as left starts from what it was, as a rule from random numbers.

    Raises:
        ArgumentError: If nothing matches, a vocabulary does not fit its model, or only one is given.
        PathNotFoundError: If there is no such file or run.
        RunError: If the run never came to its end.

    Example:
        >>> from rnnzoo import build_classifier, build_language_model
        >>> language_model = build_language_model(vocabulary_size=4, embedding_size=3, units=(5,))
        >>> model = build_classifier(num_classes=2, vocabulary_size=5, embedding_size=3, units=(5,))
        >>> words = ["", "[UNK]", "film", "good"]
        >>> report = transfer(
        ...     language_model, model, vocabulary_from=words, vocabulary_to=["", "[UNK]", "good", "bad", "film"]
        ... )
        >>> print(report)
        embedding: remapped (4 of 5 words; 1 not in the source get the mean row)
        lstm_1: copied (180 weights)
        logits: left as it was (another kind of layer: weights bias in the source, kernel and bias here)
        not used of the source: projection, logits

    Reference:
        Howard & Ruder 2018, Universal Language Model Fine-tuning for Text Classification, arXiv:1801.06146.
    """
    if not isinstance(model_from, keras.Model):
        model_from, found = _read(model_from)
        vocabulary_from = found if vocabulary_from is None else vocabulary_from
    source, target = _layers(model_from), _layers(model_to)
    rows = WordRows.of(vocabulary_from, vocabulary_to)
    if rows is not None:
        _check_words("from", source, rows.sizes[0])
        _check_words("to", target, rows.sizes[1])
    wanted = _names(names or {}, source, target)
    plans = [_plan(name, layer, wanted.get(name, name), source, rows) for name, layer in target.items()]
    if all(plan.result.outcome == "left" for plan in plans):
        reasons = "; ".join(f"{plan.result.name}: {plan.result.detail}" for plan in plans)
        raise ArgumentError(
            f"transfer: nothing of {model_from.name!r} fits {model_to.name!r} ({reasons}); expected one layer at "
            "least. Build both with the same cell, units and embedding_size, or pass names."
        )
    for plan in plans:
        for weight, value in zip(plan.layer.weights, plan.values, strict=False):
            weight.assign(value)
    used = {plan.result.source for plan in plans}
    return TransferReport(
        layers=tuple(plan.result for plan in plans),
        unused=tuple(name for name in source if name not in used),
        new_words=rows.new_words if rows is not None else (),
    )


@dataclass(frozen=True)
class _Plan:
    """The new weights of a layer; none where it is left."""

    layer: Layer
    result: LayerTransfer
    values: Sequence[np.ndarray] = ()


def _plan(
    name: str, layer: Layer, source_name: str | None, source: Mapping[str, Any], rows: WordRows | None
) -> _Plan:
    def left(why: str) -> _Plan:
        return _Plan(layer, LayerTransfer(name, "left", None, why, layer.count_params()))

    if source_name is None:
        return left("as names asks for")
    found = _counterpart(source_name, source)
    if found is None:
        return left(f"no layer {source_name!r} in the source")
    given = source[found]
    own_names, given_names = ([weight.name for weight in one.weights] for one in (layer, given))
    if own_names != given_names:
        here, there = " and ".join(own_names), " and ".join(given_names)
        return left(f"another kind of layer: weights {there} in the source, {here} here")
    values = [np.asarray(weight) for weight in given.weights]
    outcome, detail = "copied", f"{layer.count_params():,} weights"
    if rows is not None and (axis := _word_axis(layer, given, rows)) is not None:
        values = [rows.moved(value, axis) for value in values]
        outcome, detail = "remapped", str(rows)
    for weight, value in zip(layer.weights, values, strict=True):
        if tuple(weight.shape) != value.shape:
            hint = "; pass both vocabularies" if rows is None and _embeds(layer) else ""
            return left(
                f"shape differs: {weight.name} {value.shape} in the source, {tuple(weight.shape)} here{hint}"
            )
    return _Plan(layer, LayerTransfer(name, outcome, found, detail, layer.count_params()), values)


def _counterpart(name: str, source: Mapping[str, Any]) -> str | None:
    """Finds the layer that a name means; a forward direction and a layer that only reads forwards are the same."""
    plain = name.removeprefix("forward_")
    return next((known for known in (name, plain, f"forward_{plain}") if known in source), None)


def _word_axis(layer: Layer, given: Any, rows: WordRows) -> int | None:
    """Returns the axis of a layer's weights that is the vocabulary, if one is."""
    if _embeds(layer) and _embeds(given):
        axis = 0
    elif _scores_words(layer) and _scores_words(given):
        axis = -1
    else:
        return None
    return axis if rows.fit(given.weights[0].shape[axis], layer.weights[0].shape[axis]) else None


def _embeds(layer: Layer) -> bool:
    return isinstance(layer, keras.layers.Embedding)


def _scores_words(layer: Layer) -> bool:
    """Whether a layer may be the last one of a language model, with tied embeddings or without."""
    return isinstance(layer, OutputBias | keras.layers.Dense) and layer.name == "logits"


def _check_words(which: str, layers: Mapping[str, Any], size: int) -> None:
    ids = {name: layer.weights[0].shape[0] for name, layer in layers.items() if _embeds(layer)}
    if not ids:
        raise ArgumentError(
            f"vocabulary_{which}: received {size} words for a model without an embedding; expected None."
        )
    if size not in ids.values():
        found = ", ".join(f"{name} has {count}" for name, count in ids.items())
        raise ArgumentError(
            f"vocabulary_{which}: received {size} words; expected as many as model_{which} has ids ({found}). Pass the "
            "vocabulary that the model was built for, '' and '[UNK]' included."
        )


def _layers(model: keras.Model) -> dict[str, Any]:
    """Returns the layers that have weights by name, those in wrappers and inner models too."""
    found: dict[str, Any] = {}
    for layer in _unwrapped(model):
        if not layer.weights:
            continue
        if layer.name in found and found[layer.name] is not layer:
            raise ArgumentError(
                f"model {model.name!r}: received two layers named {layer.name!r}; expected names that tell them apart."
            )
        found[layer.name] = layer
    return found


def _unwrapped(layer: Layer) -> Iterator[Any]:
    if isinstance(layer, keras.Model):
        for inner in layer.layers:
            yield from _unwrapped(inner)
    elif isinstance(layer, keras.layers.Bidirectional):
        yield layer.forward_layer
        yield layer.backward_layer
    elif isinstance(layer, keras.layers.Wrapper):
        yield from _unwrapped(layer.layer)
    else:
        yield layer


def _names(
    names: Mapping[str, str | None], source: Mapping[str, Any], target: Mapping[str, Any]
) -> Mapping[str, str | None]:
    for own, other in names.items():
        for which, name, layers in (("to", own, target), ("from", other, source)):
            if name is not None and name not in layers:
                raise ArgumentError(
                    f"names: received {name!r} for a layer of model_{which}; expected one of {', '.join(layers)}."
                )
    return names


def _read(path: str | os.PathLike[str]) -> tuple[keras.Model, Preprocessing | None]:
    if not Path(path).is_dir():
        return load_model(path), None
    run = open_run(path)
    preprocessing = run.read_preprocessing()
    model = load_model(run.model)
    return model, preprocessing if getattr(preprocessing, "vocabulary", None) is not None else None
