"""Answers from a bundle, with NumPy and onnxruntime only."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from rnnzoo import checks
from rnnzoo.decoding.answers import PathDecoding, TagDecoding
from rnnzoo.decoding.tagged_words import add_words
from rnnzoo.errors import BundleError, RequestError, one_line
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.given_rows import check_rows
from rnnzoo.preprocessing.joined_rows import JoinedRow, longest
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.inference.row_batches import rows_by_length
from rnnzoo_export.inference.validation import Limits, as_named, check_inputs, check_names, is_finite, shorten
from rnnzoo_export.signature import Signature

_log = logging.getLogger("rnnzoo.serving")
# The inputs of bundles with a preprocessing that are zero where a row has ended.
_TELLS_PADDING = ("mask", "tokens")


class OnnxPredictor:
    """Runs the ONNX model of a bundle.

    Rows are independent: the answer to a row does not depend on its companions or on padding. A predictor may
    be used from several threads.

    Args:
        bundle: A loaded bundle, or the path of one (which is verified first).
        threads: Threads that onnxruntime uses inside one run.
        max_rows: The most rows that ``run`` takes at once; ``None`` is any number.
        max_steps: The most time steps of a row; ``None`` is any number.

    Raises:
        BundleError: If the bundle is damaged, or its model and its signature disagree.

    Example:
        ``OnnxPredictor("runs/digits/bundle").predict(["wake me at seven"])``
    """

    def __init__(
        self,
        bundle: Bundle | str | os.PathLike[str],
        *,
        threads: int = 1,
        max_rows: int | None = None,
        max_steps: int | None = None,
    ) -> None:
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        self.signature = self.bundle.signature
        self.limits = Limits(max_rows, max_steps)
        self._session = open_onnx(self.bundle.onnx_path, checks.integer("threads", threads, minimum=1))
        _compare(self.bundle, "inputs", {node.name for node in self._session.get_inputs()})
        _compare(self.bundle, "outputs", {node.name for node in self._session.get_outputs()})

    @property
    def rows_are_free(self) -> bool:
        """Whether any number of rows can be run at once, which batching needs."""
        specs = (*self.signature.inputs, *self.signature.outputs)
        return all(spec.shape and spec.shape[0] is None for spec in specs)

    def predict(self, raw: Rows, batch_size: int = 64) -> list[dict[str, Any]]:
        """Answers raw examples, such as texts or series.

        Args:
            raw: A list or an array of examples, as the bundle's preprocessing takes them: texts; sentences, each a
                text to split at blanks or a list of words; series ``(time, features)``; for a forecaster windows, each
                ``{"column": [values]}`` or a pandas frame with the rows oldest first; for one that reads more than the
                past requests, each ``{"series": name, "past": window, "future": {column: values}, "static": {column:
                value}}``, of which only what the model reads is needed; where there are several parts mappings with an
                entry for each.
            batch_size: How many rows are run at once. Rows of similar length are run together.

        Returns:
            One answer per example, in order: labels with probabilities, or values in original units. That of a tagger
            of words holds ``words`` besides: for each the ``word``, its ``start`` and ``end`` (characters of a text, so
            that ``text[start:end]`` is the word; for a list its number and the one after), ``tag`` and
            ``probability``; and where tags are ``B-x``, ``I-x`` and ``O`` the ``entities``: ``label``, ``start``,
            ``end``, ``text``.

        Raises:
            RequestError: If the bundle has no preprocessing, or an example cannot be answered.
            ArgumentError: If this is no list of examples but one text, mapping or table.
            DataError: If an example is not what the preprocessing takes; the message names the row.
        """
        checks.integer("batch_size", batch_size, minimum=1)
        if self.bundle.preprocessing is not None:
            check_rows(raw, self.bundle.preprocessing.takes, call="predict")
            self._warn_of_single_words(raw)
        encoded = self.encode(raw)
        # A column of pandas would be asked for rows by its index.
        given = list(raw) if isinstance(self.bundle.decoding, TagDecoding) else None
        answers: dict[int, dict[str, Any]] = {}
        for rows in rows_by_length(encoded, batch_size):
            chosen = [encoded[row] for row in rows]
            outputs = self.run(self.collate(chosen))
            texts = None if given is None else [given[row] for row in rows]
            answers.update(zip(rows, self.decode(outputs, chosen, texts), strict=True))
        return [answers[row] for row in range(len(encoded))]

    def _warn_of_single_words(self, raw: Rows) -> None:
        """Warns where each sentence to tag is one word: it may be that they are the words of one."""
        tags = isinstance(self.bundle.decoding, TagDecoding | PathDecoding)
        if tags and len(raw) > 1 and all(isinstance(row, str) and len(row.split()) == 1 for row in raw):
            warnings.warn(
                f"predict: received {len(raw)} sentences of one word each. Where they are the words of one sentence, "
                f"give one row: {shorten(' '.join(raw))}.",
                UserWarning,
                stacklevel=3,
            )

    def run(self, inputs: Mapping[str, Any], outputs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Runs the model on arrays.

        Args:
            inputs: Arrays by input name, as the signature says; integers are cast where every value fits.
            outputs: The outputs wanted; all by default.

        Returns:
            Arrays by output name.

        Raises:
            RequestError: If an input does not fit the signature (status 400) or is too large (413), or an
                output is not finite (500).
        """
        wanted = [spec.name for spec in self.signature.outputs]
        check_names("output", outputs or (), wanted)
        found = self.execute(self.check(inputs))
        check_outputs(found)
        return {name: found[name] for name in outputs or wanted}

    def check(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns the inputs as arrays of the model's types, or raises ``RequestError``."""
        arrays = check_inputs(self.signature, inputs, self.limits)
        if self.bundle.preprocessing is not None:
            _refuse_padding(self.signature, arrays)
        return arrays

    def execute(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs checked inputs through the session, and checks nothing itself: ``run`` is the safe way."""
        names = [spec.name for spec in self.signature.outputs]
        return dict(zip(names, run_onnx(self._session, names, dict(inputs)), strict=True))

    def encode(self, raw: Rows) -> Sequence[np.ndarray]:
        """Turns raw examples into one array each; too long ones are refused before they are padded."""
        if self.bundle.preprocessing is None:
            raise RequestError(
                "predict: this bundle has no preprocessing; expected arrays. Use run() with "
                f"{', '.join(spec.name for spec in self.signature.inputs)}."
            )
        encoded = self.bundle.preprocessing.encode_rows(raw)
        if self.limits.max_steps is not None:
            _refuse_long(encoded, self.limits.max_steps)
        return encoded

    def collate(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads encoded examples into the model's inputs."""
        if self.bundle.preprocessing is None:
            raise RequestError("predict: this bundle has no preprocessing; expected arrays. Use run().")
        return as_named(self.signature, self.bundle.preprocessing.batch(encoded))

    def decode(
        self, outputs: Mapping[str, np.ndarray], encoded: Sequence[Any], raw: Rows | None = None
    ) -> list[dict[str, Any]]:
        """Turns outputs into one answer per row.

        Args:
            outputs: What ``run`` or ``execute`` returned.
            encoded: The rows as ``encode`` returned them. Their numbers of steps will do where the bundle has no
                preprocessing.
            raw: The rows as they were given, whose words the answers of a tagger then carry.

        Raises:
            RequestError: If numbers of steps were given where rows are needed.
        """
        decoding = self.bundle.decoding
        if decoding is None:
            return list(_rows_as_lists(outputs))
        found = outputs[self.signature.outputs[0].name]
        if self.bundle.preprocessing is None:
            return list(decoding(found, [_steps(row) for row in encoded]))
        if any(isinstance(row, int | np.integer) for row in encoded):
            raise RequestError(
                "decode: received numbers of steps; expected the rows that encode returned, for some are scaled by "
                "levels of their own. Pass decode(outputs, encoded)."
            )
        if isinstance(decoding, TagDecoding | PathDecoding):
            _check_answered_part(found, encoded)
        level = self.bundle.preprocessing.level_of_rows(encoded)
        if level is not None:
            found = decoding.rescaled(found, *level)
        answers = list(decoding(found, [len(row) for row in encoded]))
        return answers if raw is None else add_words(answers, raw, self.bundle.preprocessing, decoding)


def _check_answered_part(found: np.ndarray, encoded: Sequence[Any]) -> None:
    """Raises ``RequestError`` where the steps that a model answers are not those of the part that leads its rows."""
    steps = max((len(row) for row in encoded if isinstance(row, JoinedRow)), default=found.shape[1])
    if found.shape[1] != steps:
        raise RequestError(
            f"decode: the model answers {found.shape[1]} steps, and the first part of its rows that has steps has "
            f"{steps}; expected as many. Put the part whose steps are answered first in JoinedPreprocessing, and "
            "export the model again.",
            status=500,
        )


def _steps(row: Any) -> int:
    return int(row) if isinstance(row, int | np.integer) else len(row)


def _refuse_long(encoded: Sequence[Any], most: int) -> None:
    """Raises ``RequestError`` for the first row of too many steps."""
    for row, steps in enumerate(map(longest, encoded)):
        if steps > most:
            raise RequestError(
                f"inputs: row {row}: received {steps} steps; expected at most {most}. Cut it.", status=413
            )


def _refuse_padding(signature: Signature, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ``RequestError`` for a row of padding alone, which no raw example becomes."""
    for spec in signature.inputs:
        if spec.name not in _TELLS_PADDING or len(spec.shape) != 2 or spec.shape[1] is not None:
            continue
        valid = arrays[spec.name].any(axis=1)
        if not valid.all():
            raise RequestError(
                f"{spec.name}: row {int(valid.argmin())} is padding alone; expected at least one step. Leave the row "
                "out."
            )


def check_outputs(outputs: Mapping[str, np.ndarray]) -> None:
    """Raises ``RequestError`` with status 500 where an output is not finite."""
    for name, array in outputs.items():
        if array.dtype.kind == "f" and not is_finite(array):
            raise RequestError(
                f"{name}: the model answered a value that is not finite. Send values of the size that it was "
                "trained on; if they are, export the model again.",
                status=500,
            )


def open_onnx(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Opens a file to serve it on the CPU with so many threads, or raises ``BundleError``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Idle threads that spin would take the processor from the web server.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        raise BundleError(
            f"{path}: onnxruntime {onnxruntime.__version__} cannot load it "
            f"({one_line(error)}). Upgrade onnxruntime, or export the model again."
        ) from error


def run_onnx(
    session: onnxruntime.InferenceSession, outputs: Sequence[str], inputs: dict[str, np.ndarray]
) -> list[np.ndarray]:
    """Runs checked inputs; raises ``RequestError`` where onnxruntime refuses them all the same."""
    try:
        found: list[np.ndarray] = session.run(outputs, inputs)
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        raise refused(error) from error
    return found


def refused(error: Exception) -> RequestError:
    """Returns what to raise where onnxruntime refuses checked inputs, and logs what it said."""
    _log.error("the model refused an input: %s", shorten(str(error), 300))
    return RequestError(
        "inputs: the model cannot process these values; expected values like those it was trained on. "
        "Check ids, masks and sizes.",
        status=400 if type(error).__name__ == "InvalidArgument" else 500,
    )


def _compare(bundle: Bundle, kind: str, found: set[str]) -> None:
    expected = {spec.name for spec in getattr(bundle.signature, kind)}
    if found != expected:
        raise BundleError(
            f"{bundle.onnx_path}: its {kind} are {sorted(found)}; the signature says {sorted(expected)}. "
            "Export the model again."
        )


def _rows_as_lists(outputs: Mapping[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    rows = len(next(iter(outputs.values())))
    for row in range(rows):
        yield {name: array[row].tolist() for name, array in outputs.items()}
