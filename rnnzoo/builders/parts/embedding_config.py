"""What every builder knows of the embedding of its token ids."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rnnzoo import checks
from rnnzoo.builders.parts.config_fields import from_mapping
from rnnzoo.errors import ArgumentError
from rnnzoo.value_objects import checked_fields


@checked_fields
@dataclass(frozen=True, kw_only=True)
class EmbeddingConfig:
    """How a model that reads token ids turns them into vectors.

    Its fields are words that builders take flat: ``build_classifier(num_classes=3, vocabulary_size=5000,
    embedding_size=50)`` is ``build_classifier(num_classes=3, embedding=EmbeddingConfig(vocabulary_size=5000,
    embedding_size=50))``. Words beside a ready one fill what it leaves ``None``; what it says otherwise is refused.

    Attributes:
        vocabulary_size: Number of token ids, padding (id 0) and unknown (id 1) included. ``None`` for a model that
            reads features, or where the number is told beside the config.
        embedding_size: Width of the vectors.
        embedding_weights: What the vectors start from, ``(vocabulary_size, embedding_size)``, such as
            ``read_word_vectors`` gives; ``None`` for random numbers. They are copied into the model's weights.
        trainable_embedding: Whether training changes the vectors; ``False`` keeps pre-trained ones as they are.

    Raises:
        ArgumentError: If a field is out of range, or the weights have another shape or hold NaN.

    Example:
        >>> EmbeddingConfig(vocabulary_size=5000, embedding_size=50).trainable_embedding
        True
    """

    vocabulary_size: int | None = None
    embedding_size: int = 64
    embedding_weights: np.ndarray | None = field(default=None, compare=False, repr=False)
    trainable_embedding: bool = True

    def __post_init__(self) -> None:
        if self.vocabulary_size is not None:
            checks.integer(
                "vocabulary_size",
                self.vocabulary_size,
                minimum=3,
                fix="Ids 0 and 1 mean padding and unknown.",
            )
        checks.integer("embedding_size", self.embedding_size, minimum=1)
        checks.flag("trainable_embedding", self.trainable_embedding)
        if self.embedding_weights is not None and self.vocabulary_size is not None:
            matrix = check_embedding_weights(
                self.embedding_weights, self.vocabulary_size, self.embedding_size
            )
            object.__setattr__(self, "embedding_weights", matrix)

    @classmethod
    def of(cls, value: object) -> EmbeddingConfig:
        """Returns a config from one, or from a mapping of its fields.

        Raises:
            ArgumentError: If ``value`` is neither.
            UnknownNameError: If the mapping names a field that there is not.
        """
        return value if isinstance(value, EmbeddingConfig) else from_mapping(cls, value, "embedding")

    def check_absent(self, reads: str) -> None:
        """Refuses pre-trained or frozen vectors in a model that embeds nothing.

        Args:
            reads: What it reads instead, such as ``"num_features: received 5"``.

        Raises:
            ArgumentError: If weights are given or ``trainable_embedding`` is ``False``.
        """
        if self.embedding_weights is not None or not self.trainable_embedding:
            raise ArgumentError(
                f"{reads} with embedding_weights or trainable_embedding=False; expected vocabulary_size, for only "
                "token ids are embedded. Leave those arguments out."
            )


def check_embedding_weights(
    weights: object, vocabulary_size: int, embedding_size: int, *, name: str = "embedding_weights"
) -> np.ndarray:
    """Checks the matrix that an embedding starts from.

    Args:
        weights: The matrix.
        vocabulary_size: Number of its rows.
        embedding_size: Number of its columns.
        name: What the argument is called.

    Returns:
        The matrix in float32.

    Raises:
        ArgumentError: If it is no matrix of numbers, is of another shape or holds NaN or infinity.
    """
    try:
        matrix = np.asarray(weights, np.float32)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"{name}: received {type(weights).__name__}; expected a matrix (vocabulary_size, embedding_size) of "
            "numbers. Pass the matrix of what read_word_vectors or learn_word_vectors returns: vectors.matrix."
        ) from error
    if matrix.shape != (vocabulary_size, embedding_size):
        fix = (
            f"Pass embedding_size={matrix.shape[1]}."
            if matrix.ndim == 2 and len(matrix) == vocabulary_size
            else "Make the matrix with read_word_vectors for the vocabulary of the data."
        )
        raise ArgumentError(
            f"{name}: received shape {matrix.shape}; expected ({vocabulary_size}, {embedding_size}), "
            f"which is (vocabulary_size, embedding_size). {fix}"
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise ArgumentError(
            f"{name}: received {matrix[row, column]} for token {row}, column {column}; expected finite numbers."
        )
    return matrix
