"""DNA in, one answer out: optional motif detectors, recurrent layers, optionally both strands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo import checks
from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.strands import BothStrands, StrandMean

_BASES = 4


def build_dna_classifier(  # noqa: PLR0913 - all flat, by name only
    *,
    num_classes: int,
    task: str = "classification",
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    variable_length: bool = False,
    embedding_size: int = 64,
    cell: str = "lstm",
    units: int | Sequence[int] = (64,),
    bidirectional: bool = True,
    filters: int | Sequence[int] | None = None,
    kernel_size: int | Sequence[int] = 9,
    pooling: str = "last",
    reverse_complement: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "dna_classifier",
) -> keras.Model:
    """Builds a recurrent classifier of DNA sequences, behind motif-finding convolutions where ``filters`` are given.

    Inputs: ``features`` float32 ``(batch, time, 4)``, shares of A, C, G and T such as ``DNAPreprocessing`` gives, with
    ``mask`` bool ``(batch, time)`` beside it if ``variable_length``; or ``tokens`` int32 ``(batch, time)``, numbers
    of k-mers, where ``vocabulary_size`` is given. Output: ``logits`` ``(batch, classes)`` as of
    ``build_classifier``. Forward reading models with ``filters`` have causal convolutions.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        vocabulary_size: Number of k-mer ids, padding and unknown included.
        num_features: 4, the bases, which is also what ``None`` means without ``vocabulary_size``.
        variable_length: Whether sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the k-mer embedding.
        cell: The recurrent cell, such as ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each recurrent layer also reads backwards; convolutions then look both ways too. This
            is not the other strand, whose bases are the complements.
        filters: Width of each convolution; ``None`` for no convolution.
        kernel_size: Bases that each convolution reads; one number for all, or one each.
        pooling: ``"last"``, ``"mean"``, ``"max"``, ``"attention"``, ``"concat"`` or ``"middle"``: see
            ``build_classifier``. ``"middle"`` suits windows that are cut around what is to be judged.
        reverse_complement: Whether one network reads both strands and averages them, so that a sequence and its
            reverse complement get one answer. Right for what is on either strand, such as a binding site; wrong
            for what is on one, such as a splice junction.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_dna_classifier(num_classes=2, units=8, filters=8, reverse_complement=True)
        >>> model.input_shape, model.output_shape
        ((None, None, 4), (None, 2))

    Reference:
        Quang & Xie 2016, DanQ, a hybrid convolutional and recurrent network for DNA, doi:10.1093/nar/gkw226;
        Shrikumar 2017, Reverse-complement parameter sharing, doi:10.1101/103663.
    """
    both_strands = checks.flag("reverse_complement", reverse_complement)
    if vocabulary_size is None:
        num_features = _checked_bases(num_features)
    elif both_strands:
        raise ArgumentError(
            f"reverse_complement: received True with vocabulary_size={vocabulary_size!r}; expected one-hot bases, for "
            "a k-mer's number does not say its complement. Leave vocabulary_size out, or reverse_complement."
        )
    inputs, x, mask = sequence_inputs(
        vocabulary_size=vocabulary_size,
        num_features=num_features,
        embedding_size=embedding_size,
        variable_length=variable_length,
    )
    if both_strands:
        # One network over twice the rows shares its weights, and stays one operator when it is exported.
        x, mask = _both_strands(x, mask)
    if both_strands or filters is not None:
        x, mask = pack(x, mask)
    if filters is not None:
        x = convolve(
            x,
            mask,
            filters=filters,
            kernel_size=kernel_size,
            causal=not checks.flag("bidirectional", bidirectional),
        )
    x = encode_once(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        pooling=pooling,
    )
    if both_strands:
        x = StrandMean(name="strand_mean")(x)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _checked_bases(num_features: int | None) -> int:
    if num_features not in (None, _BASES):
        raise ArgumentError(
            f"num_features: received {num_features!r}; expected 4, the shares of A, C, G and T. "
            "Use build_classifier for other features."
        )
    return _BASES


def _both_strands(x: Any, mask: Any) -> tuple[Any, Any]:
    x = BothStrands(name="both_strands")(x)
    # A row's padding comes to stand before it in the other strand.
    return x, None if mask is None else ops.concatenate([mask, ops.flip(mask, axis=1)], axis=0)
