"""Recurrent networks for Keras 3: builders, data and training.

The names below are the public ones. They are imported when first used, so that importing the package, the
command's help and the server need no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rnnzoo.version import __version__

if TYPE_CHECKING:
    from rnnzoo.builders.attention_classifier import build_attention_classifier
    from rnnzoo.builders.classifier import build_classifier
    from rnnzoo.builders.cnn_classifier import build_cnn_classifier
    from rnnzoo.builders.dna_classifier import build_dna_classifier
    from rnnzoo.builders.fcn_classifier import build_fcn_classifier
    from rnnzoo.builders.forecaster import build_forecaster
    from rnnzoo.builders.irregular_classifier import build_irregular_classifier
    from rnnzoo.builders.language_model import build_language_model
    from rnnzoo.builders.parts.regularization import Regularization
    from rnnzoo.builders.segment_forecaster import build_segment_forecaster
    from rnnzoo.builders.seq2seq import build_seq2seq
    from rnnzoo.builders.tagger import build_tagger
    from rnnzoo.builders.transcriber import build_transcriber
    from rnnzoo.builders.transformer_classifier import build_transformer_classifier
    from rnnzoo.builders.video_classifier import build_video_classifier
    from rnnzoo.data.augmentation.back_translation import back_translate
    from rnnzoo.data.columns import Columns
    from rnnzoo.data.readers.audio import audio_splits, read_recordings
    from rnnzoo.data.readers.pairs import pair_splits, read_pairs
    from rnnzoo.data.readers.running_text import running_text_splits, text_stream_splits
    from rnnzoo.data.readers.series import Windows, read_series
    from rnnzoo.data.readers.tables import read_table
    from rnnzoo.data.readers.texts import read_texts, stream_table
    from rnnzoo.data.sets.datasets import list_datasets, load_dataset
    from rnnzoo.data.split import Batches, Rows, Split
    from rnnzoo.data.splits import Splits
    from rnnzoo.data.splitting import Parts
    from rnnzoo.data.vectors.learned_vectors import learn_word_vectors
    from rnnzoo.data.vectors.word_vectors import WordVectors, read_word_vectors
    from rnnzoo.decoding.ctc import GreedyTranscript
    from rnnzoo.errors import RnnzooError
    from rnnzoo.evaluation.evaluation import evaluate
    from rnnzoo.keras_models.cudnn import CudnnReport, explain_cudnn
    from rnnzoo.keras_models.loading import load_model
    from rnnzoo.preprocessing.base import Preprocessing
    from rnnzoo.training.config import TrainConfig
    from rnnzoo.training.result import TrainResult
    from rnnzoo.training.trainer import train
    from rnnzoo.training.transfer.transfer_report import TransferReport
    from rnnzoo.training.transfer.weight_transfer import transfer
    from rnnzoo.zoo import ModelSpec, create_model, get_spec, list_models

_HOMES = {
    "Batches": "rnnzoo.data.split",
    "Columns": "rnnzoo.data.columns",
    "CudnnReport": "rnnzoo.keras_models.cudnn",
    "GreedyTranscript": "rnnzoo.decoding.ctc",
    "ModelSpec": "rnnzoo.zoo",
    "Parts": "rnnzoo.data.splitting",
    "Preprocessing": "rnnzoo.preprocessing.base",
    "Regularization": "rnnzoo.builders.parts.regularization",
    "RnnzooError": "rnnzoo.errors",
    "Rows": "rnnzoo.data.split",
    "Split": "rnnzoo.data.split",
    "Splits": "rnnzoo.data.splits",
    "TrainConfig": "rnnzoo.training.config",
    "TrainResult": "rnnzoo.training.result",
    "TransferReport": "rnnzoo.training.transfer.transfer_report",
    "audio_splits": "rnnzoo.data.readers.audio",
    "Windows": "rnnzoo.data.readers.series",
    "WordVectors": "rnnzoo.data.vectors.word_vectors",
    "back_translate": "rnnzoo.data.augmentation.back_translation",
    "build_attention_classifier": "rnnzoo.builders.attention_classifier",
    "build_classifier": "rnnzoo.builders.classifier",
    "build_cnn_classifier": "rnnzoo.builders.cnn_classifier",
    "build_dna_classifier": "rnnzoo.builders.dna_classifier",
    "build_fcn_classifier": "rnnzoo.builders.fcn_classifier",
    "build_forecaster": "rnnzoo.builders.forecaster",
    "build_irregular_classifier": "rnnzoo.builders.irregular_classifier",
    "build_language_model": "rnnzoo.builders.language_model",
    "build_seq2seq": "rnnzoo.builders.seq2seq",
    "build_segment_forecaster": "rnnzoo.builders.segment_forecaster",
    "build_tagger": "rnnzoo.builders.tagger",
    "build_transcriber": "rnnzoo.builders.transcriber",
    "build_transformer_classifier": "rnnzoo.builders.transformer_classifier",
    "build_video_classifier": "rnnzoo.builders.video_classifier",
    "create_model": "rnnzoo.zoo",
    "evaluate": "rnnzoo.evaluation.evaluation",
    "explain_cudnn": "rnnzoo.keras_models.cudnn",
    "get_spec": "rnnzoo.zoo",
    "learn_word_vectors": "rnnzoo.data.vectors.learned_vectors",
    "list_datasets": "rnnzoo.data.sets.datasets",
    "list_models": "rnnzoo.zoo",
    "load_dataset": "rnnzoo.data.sets.datasets",
    "load_model": "rnnzoo.keras_models.loading",
    "pair_splits": "rnnzoo.data.readers.pairs",
    "read_pairs": "rnnzoo.data.readers.pairs",
    "read_recordings": "rnnzoo.data.readers.audio",
    "read_series": "rnnzoo.data.readers.series",
    "read_table": "rnnzoo.data.readers.tables",
    "read_texts": "rnnzoo.data.readers.texts",
    "running_text_splits": "rnnzoo.data.readers.running_text",
    "stream_table": "rnnzoo.data.readers.texts",
    "text_stream_splits": "rnnzoo.data.readers.running_text",
    "read_word_vectors": "rnnzoo.data.vectors.word_vectors",
    "train": "rnnzoo.training.trainer",
    "transfer": "rnnzoo.training.transfer.weight_transfer",
}

__all__ = [
    "Batches",
    "Columns",
    "CudnnReport",
    "GreedyTranscript",
    "ModelSpec",
    "Parts",
    "Preprocessing",
    "Regularization",
    "RnnzooError",
    "Rows",
    "Split",
    "Splits",
    "TrainConfig",
    "TrainResult",
    "TransferReport",
    "Windows",
    "WordVectors",
    "__version__",
    "audio_splits",
    "back_translate",
    "build_attention_classifier",
    "build_classifier",
    "build_cnn_classifier",
    "build_dna_classifier",
    "build_fcn_classifier",
    "build_forecaster",
    "build_irregular_classifier",
    "build_language_model",
    "build_segment_forecaster",
    "build_seq2seq",
    "build_tagger",
    "build_transcriber",
    "build_transformer_classifier",
    "build_video_classifier",
    "create_model",
    "evaluate",
    "explain_cudnn",
    "get_spec",
    "learn_word_vectors",
    "list_datasets",
    "list_models",
    "load_dataset",
    "load_model",
    "pair_splits",
    "read_pairs",
    "read_recordings",
    "read_series",
    "read_table",
    "read_texts",
    "read_word_vectors",
    "running_text_splits",
    "stream_table",
    "text_stream_splits",
    "train",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnzoo' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
