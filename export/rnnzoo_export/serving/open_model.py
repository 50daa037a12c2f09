"""Opening what lies in a directory as a model of the server."""

from __future__ import annotations

import os
from pathlib import Path

from rnnzoo_export.bundle import TRANSLATOR_FILE, Bundle, check_model_name, load_bundle
from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.models import ServedModel
from rnnzoo_export.serving.settings import Settings


def open_model(
    source: Bundle | str | os.PathLike[str], settings: Settings, *, name: str | None = None
) -> ServedModel:
    """Opens a bundle or a translator.

    Args:
        source: A loaded bundle, the path of one, or a directory that ``export_seq2seq_onnx`` wrote.
        settings: What may be asked, and how much of it.
        name: What requests call it; by default the name that the bundle bears, or that of a translator's directory.

    Raises:
        ArgumentError: If servers cannot take the name.
        BundleError: If a file is damaged.
    """
    if not isinstance(source, Bundle) and (Path(source) / TRANSLATOR_FILE).is_file():
        # A server of bundles starts sooner without.
        from rnnzoo_export.inference.translator import Translator
        from rnnzoo_export.serving.translator_model import TranslatorModel

        known = Path(source).resolve().name if name is None else name
        check_model_name(known)
        return TranslatorModel(Translator(source, threads=settings.threads), settings, name=known)
    loaded = source if isinstance(source, Bundle) else load_bundle(source)
    return BundleModel(OnnxPredictor(loaded, threads=settings.threads), settings, name=name)
