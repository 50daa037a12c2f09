"""An encoder-decoder as two ONNX files: one reads the source once, one takes a step of the answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from rnnzoo import files
from rnnzoo.errors import ArgumentError, ParityError
from rnnzoo.keras_models.encoder_decoder import split_seq2seq
from rnnzoo.keras_models.loading import as_model
from rnnzoo.preprocessing import PairPreprocessing, check_storable, save_preprocessing
from rnnzoo.preprocessing.text_coding import START
from rnnzoo_export.bundle import TRANSLATOR_FILE
from rnnzoo_export.formats.onnx_export import export_onnx
from rnnzoo_export.inference.translator import DECODER, ENCODER, FORMAT_VERSION, PREPROCESSING, Steps
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.comparison import compare
from rnnzoo_export.reports import TOLERANCE, ExportReport, ParityReport

# Lengths of source and target of the sequences that are followed step by step.
_SIZES = ((1, 1), (3, 7), (9, 4))


@dataclass(frozen=True)
class Seq2seqReport:
    """What an export gave.

    Attributes:
        path: The directory.
        encoder: The file that reads a source.
        decoder: The file that takes a step.
        parity: The agreement of both, step by step, with the model that is given all steps at once.
    """

    path: Path
    encoder: ExportReport
    decoder: ExportReport
    parity: ParityReport


def export_seq2seq_onnx(
    model: keras.Model | str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    preprocessing: PairPreprocessing | None = None,
    opset: int | None = None,
    strict: bool = True,
    parity_inputs: Mapping[str, np.ndarray] | None = None,
    tolerance: float = TOLERANCE,
    overwrite: bool = False,
) -> Seq2seqReport:
    """Exports a model of ``build_seq2seq`` as the two files that ``Translator`` runs.

    ``encoder.onnx`` takes ``tokens`` ``(batch, source)`` and gives the ``memory``, its ``keys``, its ``valid`` steps
    and the decoder's first states; ``decoder.onnx`` takes ``decoder_tokens`` ``(batch, 1)`` (or several steps at once)
    with all of these and gives ``logits`` and the states that come next. Each is proved by itself, and both together:
    answers step by step agree with those of the model to all steps at once. The directory appears whole or not at all.

    Args:
        model: The model, or its ``.keras`` file.
        directory: The directory to write.
        preprocessing: How texts become ids and ids texts; written beside the files, so that texts can be translated.
        opset: The ONNX operator set, 13 to 26; 18 by default.
        strict: Whether a recurrent layer without a counterpart in ONNX is refused: see ``export_onnx``.
        parity_inputs: ``tokens`` and ``decoder_tokens`` on which the files must agree with the model, beside random
            ones.
        tolerance: How far a number may be from the model's, 1e-5 by default: see ``export_onnx``.
        overwrite: Whether an existing directory is replaced.

    Returns:
        What was written and how it was proved.

    Raises:
        ArgumentError: If the model is another, or the preprocessing has other vocabularies.
        PathExistsError: If the directory holds something and ``overwrite`` is false.
        ParityError: If a file does not answer as the model does; nothing is written then.

    Example:
        >>> import tempfile
        >>> from rnnzoo import build_seq2seq
        >>> model = build_seq2seq(source_vocabulary_size=9, target_vocabulary_size=9, cell="gru", units=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = export_seq2seq_onnx(model, folder + "/translator")
        >>> report.encoder.fused, report.decoder.fused
        (('encoder_1',), ('decoder_1',))
    """
    model = as_model(model)
    encoder, decoder = split_seq2seq(model)
    sizes = _vocabulary_sizes(model)
    if preprocessing is not None:
        _check_preprocessing(preprocessing, sizes)
    given = None if parity_inputs is None else dict(parity_inputs)
    with files.new_directory(directory, overwrite=overwrite) as folder:
        first = export_onnx(
            encoder,
            folder / ENCODER,
            opset=opset,
            strict=strict,
            parity_inputs=None if given is None else {"tokens": given["tokens"]},
            tolerance=tolerance,
        )
        second = export_onnx(decoder, folder / DECODER, opset=opset, strict=strict, tolerance=tolerance)
        parity = _check_steps(model, Steps.open(folder), sizes, given, tolerance)
        if preprocessing is not None:
            save_preprocessing(preprocessing, folder / PREPROCESSING)
        header: dict[str, Any] = {"format_version": FORMAT_VERSION, "model": model.name, **sizes}
        files.write_json(folder / TRANSLATOR_FILE, {**header, "parity": parity.to_config()})
    target = Path(directory)
    return Seq2seqReport(target, _moved(first, target), _moved(second, target), parity)


def _moved(report: ExportReport, directory: Path) -> ExportReport:
    return replace(report, path=directory / report.path.name)


def _vocabulary_sizes(model: keras.Model) -> dict[str, int]:
    return {
        f"{side}_vocabulary_size": int(model.get_layer(f"{side}_embedding").input_dim)
        for side in ("source", "target")
    }


def _check_preprocessing(preprocessing: object, sizes: Mapping[str, int]) -> None:
    if not isinstance(preprocessing, PairPreprocessing):
        raise ArgumentError(
            f"preprocessing: received {type(preprocessing).__name__}; expected PairPreprocessing, such as "
            "splits.preprocessing of pair_splits."
        )
    check_storable(preprocessing)
    for side, coding in (("source", preprocessing.source), ("target", preprocessing.target)):
        # Every id that the model can answer must have a text.
        known = sizes[f"{side}_vocabulary_size"]
        if coding.vocabulary_size > known or (side == "target" and coding.vocabulary_size < known):
            raise ArgumentError(
                f"preprocessing: its {side} has {coding.vocabulary_size} ids, the model knows {known}; expected the "
                "preprocessing that the model was trained with."
            )


def _check_steps(
    model: keras.Model,
    steps: Steps,
    sizes: Mapping[str, int],
    given: Mapping[str, np.ndarray] | None,
    tolerance: float,
) -> ParityReport:
    """Compares answers step by step with those to all steps at once, wherever the target is not padding."""
    predict = Exportable(model).predict
    report: ParityReport | None = None
    for batch in [*_random_pairs(sizes), *([] if given is None else [given])]:
        tokens = np.asarray(batch["tokens"], np.int32)
        before = np.asarray(batch["decoder_tokens"], np.int32)
        valid = before != 0
        truth = predict({"tokens": tokens, "decoder_tokens": before})["logits"]
        found = follow(steps, tokens, before)
        # What stands at padded steps means nothing.
        part = compare(
            "decoder.onnx, step by step",
            {"logits": found[valid]},
            {"logits": truth[valid]},
            batch,
            tolerance=tolerance,
        )
        report = part if report is None else report.merge(part)
    if report is None or not report.values:
        raise ParityError("decoder.onnx: nothing was compared; expected targets that are not padding alone.")
    return report


def follow(steps: Steps, tokens: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Returns the logits of each step where the tokens before it are given.

    Args:
        steps: The two files.
        tokens: Sources ``(batch, source)``.
        before: What came before each token of the answers ``(batch, target)``.
    """
    constants, states = steps.encode(tokens)
    found = []
    for place in range(before.shape[1]):
        logits, states = steps.decode(constants, states, before[:, place])
        found.append(logits)
    return np.stack(found, axis=1)


def _random_pairs(sizes: Mapping[str, int]) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    made = []
    for source, target in _SIZES:
        batch = {
            "tokens": rng.integers(1, sizes["source_vocabulary_size"], (4, source)),
            "decoder_tokens": rng.integers(1, sizes["target_vocabulary_size"], (4, target)),
        }
        for name, width in (("tokens", source), ("decoder_tokens", target)):
            # The last source is empty; no target is.
            lengths = np.linspace(width, 0 if name == "tokens" else 1, 4).round()
            batch[name] = np.where(np.arange(width) < lengths[:, None], batch[name], 0)
        batch["decoder_tokens"][:, 0] = START
        made.append(batch)
    return made
