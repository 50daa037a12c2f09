"""The words that builders take beside their own arguments, for editors and type checkers.

What each means stands in one place: the attribute of the same name of ``EncoderConfig``, of ``EmbeddingConfig`` and,
for forecasters, the argument of ``find_head``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from rnnzoo.builders.parts.embedding_config import EmbeddingConfig
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.regularization import Regularization


class ForwardOptions(TypedDict, total=False):
    """The recurrent layers of a model that reads forwards only: fields of ``EncoderConfig``, or a ready one."""

    cell: str
    units: int | Sequence[int]
    dropout: float
    recurrent_dropout: float
    skip: str
    regularization: Regularization | Mapping[str, float] | None
    encoder: EncoderConfig | Mapping[str, object] | None


class EncoderOptions(ForwardOptions, total=False):
    """Recurrent layers that may read both ways."""

    bidirectional: bool


class PooledOptions(EncoderOptions, total=False):
    """Recurrent layers whose outputs become one vector."""

    pooling: str | None


class EmbeddingOptions(TypedDict, total=False):
    """The embedding of token ids: fields of ``EmbeddingConfig``, or a ready one."""

    vocabulary_size: int | None
    embedding_size: int
    embedding_weights: np.ndarray | None
    trainable_embedding: bool
    embedding: EmbeddingConfig | Mapping[str, object] | None


class ClassifierOptions(EmbeddingOptions, PooledOptions, total=False):
    """What classifiers of tokens or features take."""


class TaggerOptions(EmbeddingOptions, EncoderOptions, total=False):
    """What taggers take."""


class LanguageModelOptions(EmbeddingOptions, ForwardOptions, total=False):
    """What language models take."""


class VideoOptions(TypedDict, total=False):
    """What classifiers of videos take; ``None`` is the same as leaving a word out."""

    cell: str | None
    units: int | Sequence[int] | None
    bidirectional: bool
    dropout: float
    recurrent_dropout: float
    skip: str
    regularization: Regularization | Mapping[str, float] | None
    pooling: str | None
    embedding_size: int | None


class HeadOptions(TypedDict, total=False):
    """What forecasters answer for each value ahead: ``"point"``, ``"quantile"`` or ``"gaussian"``."""

    head: str
    quantiles: Sequence[float] | None


class CovariateOptions(TypedDict, total=False):
    """What forecasters read beside the past, and the linear map beside their network."""

    num_future: int | None
    num_static: int | None
    linear: bool | None


class ForecasterOptions(PooledOptions, HeadOptions, CovariateOptions, total=False):
    """What forecasters take."""

    window: int | None


class SegmentForecasterOptions(ForwardOptions, HeadOptions, CovariateOptions, total=False):
    """What forecasters of segments take."""
