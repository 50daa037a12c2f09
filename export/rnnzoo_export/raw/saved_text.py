"""Texts to token ids as TensorFlow operations, for SavedModels that take strings."""

from __future__ import annotations

import re
import string

import tensorflow as tf

from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export.raw.text_graph import UNICODE_SPACE

_PUNCTUATION = f"[{re.escape(string.punctuation)}]"
_SPACE = "[" + "".join(rf"\x{{{ord(character):x}}}" for character in UNICODE_SPACE) + "]"


class TextTokens(tf.Module):
    """A ``TextPreprocessing`` or ``TokenPreprocessing`` as TensorFlow runs it.

    Args:
        preprocessing: The fitted vocabulary and limit.
        dtype: The type of ids that the network takes.
    """

    def __init__(self, preprocessing: TextPreprocessing, *, dtype: str) -> None:
        super().__init__()
        words = preprocessing.vocabulary.words[2:]
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(words, tf.string), tf.range(2, 2 + len(words), dtype=tf.int64)
            ),
            default_value=1,
        )
        self._keeps_punctuation = preprocessing.keeps_punctuation
        self._max_length = preprocessing.max_length
        self._dtype = dtype

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """Maps strings ``(batch,)`` to ids ``(batch, time)``."""
        text = tf.strings.lower(text)  # ASCII only, as long as no encoding is given
        if self._keeps_punctuation:
            text = tf.strings.regex_replace(text, _SPACE, " ")
        else:
            text = tf.strings.regex_replace(text, _PUNCTUATION, "")
        ids = self._table.lookup(tf.strings.split(text)).to_tensor(0)
        ids = tf.pad(ids, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(ids)[1])]])
        return tf.cast(ids[:, : self._max_length], self._dtype)
