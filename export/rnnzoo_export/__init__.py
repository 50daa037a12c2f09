"""Export to SavedModel and ONNX, proof that both answer as the model does, bundles, and serving.

The names below are the public ones. They are imported when first used, so that the server needs no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnzoo_export.bundle import Bundle, load_bundle
    from rnnzoo_export.deployment.bundle_writer import save_bundle
    from rnnzoo_export.deployment.engines import export_kserve, export_triton
    from rnnzoo_export.formats.onnx_export import export_onnx
    from rnnzoo_export.formats.quantization import QuantizationReport, quantize_onnx
    from rnnzoo_export.formats.saved_model import export_saved_model
    from rnnzoo_export.formats.seq2seq import Seq2seqReport, export_seq2seq_onnx
    from rnnzoo_export.formats.streaming import export_streaming_onnx
    from rnnzoo_export.inference.generator import TextGenerator
    from rnnzoo_export.inference.predictor import OnnxPredictor
    from rnnzoo_export.inference.sessions import StreamingPredictor
    from rnnzoo_export.inference.translator import Translation, Translator
    from rnnzoo_export.parity.parity import check_parity
    from rnnzoo_export.reports import ExportReport, ParityReport
    from rnnzoo_export.serving.app import create_app
    from rnnzoo_export.serving.settings import Settings

_HOMES = {
    "Bundle": "rnnzoo_export.bundle",
    "ExportReport": "rnnzoo_export.reports",
    "OnnxPredictor": "rnnzoo_export.inference.predictor",
    "ParityReport": "rnnzoo_export.reports",
    "QuantizationReport": "rnnzoo_export.formats.quantization",
    "Seq2seqReport": "rnnzoo_export.formats.seq2seq",
    "Settings": "rnnzoo_export.serving.settings",
    "StreamingPredictor": "rnnzoo_export.inference.sessions",
    "TextGenerator": "rnnzoo_export.inference.generator",
    "Translation": "rnnzoo_export.inference.translator",
    "Translator": "rnnzoo_export.inference.translator",
    "check_parity": "rnnzoo_export.parity.parity",
    "create_app": "rnnzoo_export.serving.app",
    "export_kserve": "rnnzoo_export.deployment.engines",
    "export_onnx": "rnnzoo_export.formats.onnx_export",
    "export_saved_model": "rnnzoo_export.formats.saved_model",
    "export_seq2seq_onnx": "rnnzoo_export.formats.seq2seq",
    "export_streaming_onnx": "rnnzoo_export.formats.streaming",
    "export_triton": "rnnzoo_export.deployment.engines",
    "load_bundle": "rnnzoo_export.bundle",
    "quantize_onnx": "rnnzoo_export.formats.quantization",
    "save_bundle": "rnnzoo_export.deployment.bundle_writer",
}

__all__ = [
    "Bundle",
    "ExportReport",
    "OnnxPredictor",
    "ParityReport",
    "QuantizationReport",
    "Seq2seqReport",
    "Settings",
    "StreamingPredictor",
    "TextGenerator",
    "Translation",
    "Translator",
    "check_parity",
    "create_app",
    "export_kserve",
    "export_onnx",
    "export_saved_model",
    "export_seq2seq_onnx",
    "export_streaming_onnx",
    "export_triton",
    "load_bundle",
    "quantize_onnx",
    "save_bundle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnzoo_export' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
