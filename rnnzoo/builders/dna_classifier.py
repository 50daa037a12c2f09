"""DNA in, one answer out: optional motif detectors, recurrent layers, optionally both strands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import ops

from rnnzoo import checks
from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.embedding_config import EmbeddingConfig
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.strands import BothStrands, StrandMean
from rnnzoo.tensors import Tensor

_BASES = 4
_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(bidirectional=True, pooling="last"))


@_WORDS.sign
def build_dna_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    filters: int | Sequence[int] | None = None,
    kernel_size: int | Sequence[int] = 9,
    reverse_complement: bool = False,
    name: str = "dna_classifier",
    **options: Unpack[ClassifierOptions],
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
        num_features: 4, the bases, which is also what ``None`` means without ``vocabulary_size``.
        variable_length: Whether sequences differ in length; adds the input ``mask``.
        filters: Width of each convolution; ``None`` for no convolution.
        kernel_size: Bases that each convolution reads; one number for all, or one each.
        reverse_complement: Whether one network reads both strands and averages them, so that a sequence and its
            reverse complement get one answer. Right for what is on either strand, such as a binding site; wrong
            for what is on one, such as a splice junction.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. ``vocabulary_size`` counts k-mers. By default one LSTM layer of 64 in
            both directions, in which case convolutions look both ways too; this is not the other strand, whose
            bases are the complements. ``pooling="middle"`` suits windows that are cut around what is to be judged.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_dna_classifier(num_classes=2, units=8, filters=8, reverse_complement=True)
        >>> model.input_shape, model.output_shape
        ((None, None, 4), (None, 2))

    Reference:
        Quang & Xie 2016, DanQ, a hybrid convolutional and recurrent network for DNA, doi:10.1093/nar/gkw226;
        Shrikumar 2017, Reverse-complement parameter sharing, doi:10.1101/103663.
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    both_strands = checks.flag("reverse_complement", reverse_complement)
    inputs, x, mask = sequence_inputs(
        embedding,
        num_features=_check_bases(num_features, embedding, both_strands=both_strands),
        variable_length=variable_length,
    )
    if both_strands:
        # One network over twice the rows shares its weights, and stays one operator when it is exported.
        x, mask = _both_strands(x, mask)
    if both_strands or filters is not None:
        x, mask = pack(x, mask)
    if filters is not None:
        causal = not encoder.bidirectional
        x = convolve(x, mask, filters=filters, kernel_size=kernel_size, causal=causal)
    x = encode_once(x, mask, encoder)
    if both_strands:
        x = StrandMean(name="strand_mean")(x)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)


def _check_bases(num_features: int | None, embedding: EmbeddingConfig, *, both_strands: bool) -> int | None:
    if embedding.vocabulary_size is not None:
        if both_strands:
            raise ArgumentError(
                f"reverse_complement: received True with vocabulary_size={embedding.vocabulary_size!r}; expected "
                "one-hot bases, for a k-mer's number does not say its complement. Leave vocabulary_size out, or "
                "reverse_complement."
            )
        return num_features
    if num_features not in (None, _BASES):
        raise ArgumentError(
            f"num_features: received {num_features!r}; expected 4, the shares of A, C, G and T. "
            "Use build_classifier for other features."
        )
    return _BASES


def _both_strands(x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    x = BothStrands(name="both_strands")(x)
    # A row's padding comes to stand before it in the other strand.
    return x, None if mask is None else ops.concatenate([mask, ops.flip(mask, axis=1)], axis=0)
