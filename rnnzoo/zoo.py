"""The zoo: one literal table of named models, which users can extend, and three functions over it."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rnnzoo import checks
from rnnzoo.builders.builder_names import BUILDERS, builder_parameters, get_builder
from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.cells import CELLS
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.files import read_json
from rnnzoo.registry import Registry
from rnnzoo.tasks import TASKS, row_tasks

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ModelSpec:
    """One row of the zoo table.

    Attributes:
        name: What ``create_model`` takes.
        builder: The name of the builder function.
        task: The task it is trained for; ``create_model(name, task=...)`` may choose another of the builder's.
        summary: One line on what it is for.
        paper: Where the model as a whole comes from; empty where it is a plain stack of its cell.
        arguments: The builder's arguments. Those that the data dictate (numbers of classes, features, tokens)
            are typical values here and overridden by ``splits.model_arguments``.
    """

    name: str
    builder: str
    task: str
    summary: str
    paper: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("name", "builder", "task", "summary", "paper"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise ArgumentError(f"{name} of a ModelSpec: received {value!r}; expected a text.")
        if not isinstance(self.arguments, Mapping) or not all(isinstance(key, str) for key in self.arguments):
            raise ArgumentError(
                f"arguments of a ModelSpec: received {self.arguments!r}; expected a mapping from names of the "
                "builder's arguments to values, such as {'units': (64,)}."
            )
        if self.arguments.get("task", self.task) != self.task:
            raise ArgumentError(
                f"arguments of a ModelSpec: received task={self.arguments['task']!r} beside task={self.task!r}; "
                "expected one task. Leave it out of arguments."
            )

    @property
    def cell(self) -> str:
        """The recurrent cell; for models that are made of layers of another kind, that kind, if they name one."""
        encoder = self.arguments.get("encoder", "")
        return str(self.arguments.get("cell") or getattr(encoder, "cell", encoder))

    @property
    def reference(self) -> str:
        """The paper of the model, or else that of its cell."""
        return self.paper or (CELLS[self.cell].reference if self.cell in CELLS else "")


def _row(name: str, builder: str, task: str, summary: str, *, paper: str = "", **arguments: Any) -> ModelSpec:
    return ModelSpec(name, builder, task, summary, paper, MappingProxyType(arguments))


_TEXT: dict[str, Any] = {
    "vocabulary_size": MAX_TOKENS,
    "num_classes": 4,
    "embedding_size": 100,
    "dropout": 0.3,
}
_SERIES: dict[str, Any] = {"num_features": 8, "num_classes": 10, "dropout": 0.2}
_TAGS: dict[str, Any] = {
    "vocabulary_size": MAX_TOKENS,
    "num_classes": 17,
    "embedding_size": 100,
    "dropout": 0.3,
}
_STEPS: dict[str, Any] = {"num_features": 8, "num_classes": 5, "dropout": 0.2}
_AHEAD: dict[str, Any] = {"num_features": 8, "horizon": 24, "num_targets": 1, "dropout": 0.1}

_IRREGULAR_SERIES: dict[str, Any] = {"num_features": 37, "num_classes": 2, "dropout": 0.3}

_LANGUAGE: dict[str, Any] = {"vocabulary_size": 10_000, "dropout": 0.3}

# Log-mel energies of recordings, which differ in length.
_DIGIT: dict[str, Any] = {"num_features": 40, "num_classes": 10, "variable_length": True, "dropout": 0.3}
_SPEECH: dict[str, Any] = {"num_features": 40, "vocabulary_size": 28, "dropout": 0.3}
_PAIRS: dict[str, Any] = {
    "source_vocabulary_size": 8_000,
    "target_vocabulary_size": 8_000,
    "embedding_size": 256,
    "bidirectional": True,
    "dropout": 0.3,
}

_IRREGULAR = ("build_irregular_classifier", "classification")
_LANGUAGE_MODEL = ("build_language_model", "language_modeling")
_DNA: dict[str, Any] = {"num_classes": 3, "pooling": "max", "dropout": 0.3}
_VIDEO: dict[str, Any] = {"frame_shape": (16, 16, 1), "num_classes": 4, "dropout": 0.2}

_CLASSIFIER = ("build_classifier", "classification")
_ATTENTION_CLASSIFIER = ("build_attention_classifier", "classification")
_CNN_CLASSIFIER = ("build_cnn_classifier", "classification")
_DNA_CLASSIFIER = ("build_dna_classifier", "classification")
_FCN_CLASSIFIER = ("build_fcn_classifier", "classification")
_TRANSFORMER_CLASSIFIER = ("build_transformer_classifier", "classification")
_VIDEO_CLASSIFIER = ("build_video_classifier", "classification")
_TAGGER = ("build_tagger", "tagging")
_CRF_TAGGER = ("build_tagger", "crf_tagging")
_FORECASTER = ("build_forecaster", "forecasting")
_TRANSCRIBER = ("build_transcriber", "transcription")
_TRANSLATOR = ("build_seq2seq", "translation")
#: What data say of themselves and only some builders ask for: the others' models read any window.
_ASKED_BY_SOME = ("window",)

_TABLE: tuple[ModelSpec, ...] = (
    # Text to one answer.
    _row(
        "text-classifier-simple-rnn",
        *_CLASSIFIER,
        "Elman network over words; the simplest baseline",
        cell="simple_rnn",
        units=(64,),
        **_TEXT,
    ),
    _row(
        "text-classifier-lstm",
        *_CLASSIFIER,
        "LSTM over words, the article's example",
        cell="lstm",
        units=(128,),
        **_TEXT,
    ),
    _row(
        "text-classifier-gru",
        *_CLASSIFIER,
        "GRU over words: three quarters of the LSTM's weights",
        cell="gru",
        units=(128,),
        **_TEXT,
    ),
    _row(
        "text-classifier-bilstm",
        *_CLASSIFIER,
        "LSTM over words in both directions",
        cell="lstm",
        units=(64,),
        bidirectional=True,
        **_TEXT,
    ),
    _row(
        "text-classifier-bigru",
        *_CLASSIFIER,
        "GRU over words in both directions",
        cell="gru",
        units=(64,),
        bidirectional=True,
        **_TEXT,
    ),
    _row(
        "text-classifier-bisru",
        *_CLASSIFIER,
        "two light layers in both directions: all steps at once in training",
        cell="sru",
        units=(64, 64),
        bidirectional=True,
        **_TEXT,
    ),
    # A series of feature vectors to one answer.
    _row(
        "series-classifier-simple-rnn",
        *_CLASSIFIER,
        "Elman network over feature vectors",
        cell="simple_rnn",
        units=(64,),
        **_SERIES,
    ),
    _row(
        "series-classifier-lstm",
        *_CLASSIFIER,
        "two LSTM layers over feature vectors",
        cell="lstm",
        units=(64, 64),
        **_SERIES,
    ),
    _row(
        "series-classifier-gru",
        *_CLASSIFIER,
        "two GRU layers over feature vectors",
        cell="gru",
        units=(64, 64),
        **_SERIES,
    ),
    _row(
        "series-classifier-bilstm",
        *_CLASSIFIER,
        "two LSTM layers in both directions",
        cell="lstm",
        units=(64, 64),
        bidirectional=True,
        **_SERIES,
    ),
    _row(
        "series-classifier-bigru",
        *_CLASSIFIER,
        "two GRU layers in both directions",
        cell="gru",
        units=(64, 64),
        bidirectional=True,
        **_SERIES,
    ),
    _row(
        "series-classifier-ind-rnn",
        *_CLASSIFIER,
        "four residual layers of units that see their own past only, for long series",
        cell="ind_rnn",
        units=(64, 64, 64, 64),
        skip="residual",
        **_SERIES,
    ),
    _row(
        "series-classifier-min-gru",
        *_CLASSIFIER,
        "three layers without the past in their gates: all steps at once in training",
        cell="min_gru",
        units=(64, 64, 64),
        skip="residual",
        **_SERIES,
    ),
    _row(
        "series-classifier-layer-norm-lstm",
        *_CLASSIFIER,
        "LSTM that normalises inside each step",
        cell="layer_norm_lstm",
        units=(64,),
        **_SERIES,
    ),
    _row(
        "series-classifier-slstm",
        *_CLASSIFIER,
        "xLSTM's cell whose exponential gates let late inputs outweigh early ones",
        cell="slstm",
        units=(64,),
        **_SERIES,
    ),
    _row(
        "series-classifier-mlstm",
        *_CLASSIFIER,
        "three layers of xLSTM's cell whose memory is a matrix, asked by queries",
        cell="mlstm",
        units=(64, 64, 64),
        skip="residual",
        **_SERIES,
    ),
    # A series with missing values at irregular times to one answer.
    _row(
        "irregular-gru-d",
        *_IRREGULAR,
        "GRU whose inputs and state decay while nothing is observed",
        missing="decay",
        cell="gru_d",
        units=(64,),
        **_IRREGULAR_SERIES,
    ),
    _row(
        "irregular-gru-simple",
        *_IRREGULAR,
        "GRU over values, what was observed and how long ago",
        paper="Che 2018, arXiv:1606.01865",
        missing="indicators",
        cell="gru",
        units=(64,),
        **_IRREGULAR_SERIES,
    ),
    _row(
        "irregular-gru-mean",
        *_IRREGULAR,
        "GRU over values, the mean standing in for missing ones; the baseline of GRU-D",
        paper="Che 2018, arXiv:1606.01865",
        missing="mean",
        cell="gru",
        units=(64,),
        **_IRREGULAR_SERIES,
    ),
    # The same by hybrids: attention, Transformer blocks and convolutions around the recurrent layers.
    _row(
        "text-classifier-gru-transformer",
        *_TRANSFORMER_CLASSIFIER,
        "GRU over words, then a Transformer block",
        paper="Vaswani 2017, arXiv:1706.03762",
        cell="gru",
        units=(64,),
        bidirectional=True,
        **_TEXT,
    ),
    _row(
        "series-classifier-lstm-attention",
        *_ATTENTION_CLASSIFIER,
        "LSTM whose outputs attend to each other",
        paper="Vaswani 2017, arXiv:1706.03762",
        cell="lstm",
        units=(64,),
        **_SERIES,
    ),
    _row(
        "series-classifier-lstm-fcn",
        *_FCN_CLASSIFIER,
        "LSTM beside three convolutions, joined",
        paper="Karim 2017, arXiv:1709.05206",
        cell="lstm",
        units=(64,),
        **_SERIES,
    ),
    _row(
        "series-classifier-cnn-gru",
        *_CNN_CLASSIFIER,
        "GRU over what causal convolutions find",
        paper="Sainath 2015, Convolutional, LSTM, Fully Connected Deep Neural Networks",
        cell="gru",
        units=(64,),
        filters=(64, 64),
        kernel_size=3,
        **_SERIES,
    ),
    # DNA to one answer.
    _row(
        "dna-classifier-bilstm",
        *_DNA_CLASSIFIER,
        "LSTM over bases in both directions",
        paper="Graves & Schmidhuber 2005, Framewise Phoneme Classification with Bidirectional LSTM",
        cell="lstm",
        units=(64,),
        bidirectional=True,
        **_DNA,
    ),
    _row(
        "dna-classifier-cnn-gru",
        *_DNA_CLASSIFIER,
        "motif-finding convolution, then a GRU in both directions",
        paper="Quang & Xie 2016, DanQ, doi:10.1093/nar/gkw226",
        cell="gru",
        units=(64,),
        bidirectional=True,
        filters=(64,),
        **_DNA,
    ),
    # Frames to one answer.
    _row(
        "video-cnn-lstm",
        *_VIDEO_CLASSIFIER,
        "convolutions on every frame, LSTM over the frames",
        paper="Donahue 2015, arXiv:1411.4389",
        encoder="cnn",
        filters=(16, 32),
        cell="lstm",
        units=(64,),
        **_VIDEO,
    ),
    _row(
        "video-convlstm",
        *_VIDEO_CLASSIFIER,
        "LSTMs whose gates are convolutions over the image",
        encoder="convlstm",
        filters=(16, 16),
        **_VIDEO,
    ),
    # One answer a step.
    _row(
        "text-tagger-bilstm",
        *_TAGGER,
        "part of speech, slots, names: LSTM in both directions",
        cell="lstm",
        units=(100,),
        bidirectional=True,
        **_TAGS,
    ),
    _row(
        "text-tagger-bigru",
        *_TAGGER,
        "part of speech, slots, names: GRU in both directions",
        cell="gru",
        units=(100,),
        bidirectional=True,
        **_TAGS,
    ),
    _row(
        "text-tagger-bilstm-crf",
        *_CRF_TAGGER,
        "the same LSTM; tags of a row scored together by a CRF",
        paper="Huang 2015, arXiv:1508.01991",
        cell="lstm",
        units=(100,),
        bidirectional=True,
        crf=True,
        **_TAGS,
    ),
    _row(
        "text-tagger-char-bilstm-crf",
        *_CRF_TAGGER,
        "the same with a convolution over the characters of each word",
        paper="Ma & Hovy 2016, arXiv:1603.01354",
        cell="lstm",
        units=(100,),
        bidirectional=True,
        crf=True,
        character_vocabulary_size=128,
        **_TAGS,
    ),
    _row(
        "series-tagger-lstm",
        *_TAGGER,
        "a state for every step, from the past only",
        cell="lstm",
        units=(64, 64),
        bidirectional=False,
        **_STEPS,
    ),
    _row(
        "series-tagger-bigru",
        *_TAGGER,
        "a state for every step, from past and future",
        cell="gru",
        units=(64, 64),
        bidirectional=True,
        **_STEPS,
    ),
    _row(
        "series-tagger-rg-lru",
        *_TAGGER,
        "a state for every step, from the past only, with a memory of up to thousands of steps",
        cell="rg_lru",
        units=(64, 64),
        skip="residual",
        bidirectional=False,
        **_STEPS,
    ),
    # Text to the word or character that comes next.
    _row(
        "language-model-lstm",
        *_LANGUAGE_MODEL,
        "two LSTM layers over words, one matrix for words in and out",
        paper="Press & Wolf 2017, arXiv:1608.05859",
        cell="lstm",
        units=(200, 200),
        embedding_size=200,
        **_LANGUAGE,
    ),
    _row(
        "language-model-gru",
        *_LANGUAGE_MODEL,
        "two GRU layers over words, one matrix for words in and out",
        paper="Press & Wolf 2017, arXiv:1608.05859",
        cell="gru",
        units=(200, 200),
        embedding_size=200,
        **_LANGUAGE,
    ),
    _row(
        "language-model-char-lstm",
        *_LANGUAGE_MODEL,
        "two LSTM layers over characters",
        paper="Graves 2013, arXiv:1308.0850",
        cell="lstm",
        units=(256, 256),
        embedding_size=64,
        tied_embeddings=False,
        **{**_LANGUAGE, "vocabulary_size": 100, "dropout": 0.1},
    ),
    # A text to another text.
    _row(
        "translator-gru-bahdanau",
        *_TRANSLATOR,
        "translation: GRU, additive attention",
        paper="Bahdanau 2014, arXiv:1409.0473",
        cell="gru",
        units=(256,),
        attention="bahdanau",
        **_PAIRS,
    ),
    _row(
        "translator-lstm-luong",
        *_TRANSLATOR,
        "translation: LSTM, multiplicative attention",
        paper="Luong 2015, arXiv:1508.04025",
        cell="lstm",
        units=(256,),
        attention="luong",
        **_PAIRS,
    ),
    # A window of the past to the steps ahead.
    _row(
        "forecaster-simple-rnn",
        *_FORECASTER,
        "Elman network, direct multi-horizon",
        cell="simple_rnn",
        units=(64,),
        **_AHEAD,
    ),
    _row("forecaster-lstm", *_FORECASTER, "LSTM, direct multi-horizon", cell="lstm", units=(64,), **_AHEAD),
    _row("forecaster-gru", *_FORECASTER, "GRU, direct multi-horizon", cell="gru", units=(64,), **_AHEAD),
    _row(
        "forecaster-seq2seq-gru",
        *_FORECASTER,
        "GRU encoder and decoder, all steps ahead in one run",
        paper="Cho 2014, arXiv:1406.1078",
        cell="gru",
        units=(64,),
        decoder="recurrent",
        **_AHEAD,
    ),
    _row(
        "forecaster-revin-gru",
        *_FORECASTER,
        "GRU over windows normalised by themselves, reversibly",
        paper="Kim 2022, Reversible Instance Normalization",
        cell="gru",
        units=(64,),
        normalization="reversible",
        **_AHEAD,
    ),
    _row(
        "forecaster-segrnn",
        "build_segment_forecaster",
        "forecasting",
        "GRU over segments of the window, each series on its own",
        paper="Lin 2023, arXiv:2308.11200",
        cell="gru",
        units=(128,),
        window=96,
        normalization="last",
        **_AHEAD,
    ),
    _row(
        "forecaster-nlinear-gru",
        *_FORECASTER,
        "GRU beside a linear map of each series' own past, both less its last value",
        paper="Lai 2018, arXiv:1703.07015; Zeng 2022, arXiv:2205.13504",
        cell="gru",
        units=(64,),
        window=96,
        normalization="last",
        linear=True,
        **_AHEAD,
    ),
    _row(
        "forecaster-quantile-lstm",
        "build_forecaster",
        "quantile_forecasting",
        "LSTM to the median and an interval, which never cross",
        paper="Wen 2017, arXiv:1711.11053",
        cell="lstm",
        units=(64,),
        head="quantile",
        **_AHEAD,
    ),
    _row(
        "forecaster-gaussian-gru",
        "build_forecaster",
        "gaussian_forecasting",
        "GRU to mean and scale of a Gaussian, as in DeepAR",
        paper="Salinas 2017, arXiv:1704.04110",
        cell="gru",
        units=(64,),
        head="gaussian",
        **_AHEAD,
    ),
    _row(
        "forecaster-min-lstm",
        *_FORECASTER,
        "three layers without the past in their gates, for long windows",
        cell="min_lstm",
        units=(64, 64, 64),
        skip="residual",
        **_AHEAD,
    ),
    # Speech: frames of sound to a word out of few, or to a transcript.
    _row(
        "speech-digits-gru",
        *_CLASSIFIER,
        "spoken words to classes: GRU over log-mel frames",
        cell="gru",
        units=(64, 64),
        **_DIGIT,
    ),
    _row(
        "speech-digits-bilstm",
        *_CLASSIFIER,
        "spoken words to classes: LSTM in both directions",
        cell="lstm",
        units=(64, 64),
        bidirectional=True,
        **_DIGIT,
    ),
    _row(
        "transcriber-bilstm",
        *_TRANSCRIBER,
        "speech to characters (CTC): LSTM in both directions",
        paper="Graves 2006, Connectionist temporal classification",
        cell="lstm",
        units=(96, 96),
        bidirectional=True,
        **_SPEECH,
    ),
    _row(
        "transcriber-gru-streaming",
        *_TRANSCRIBER,
        "speech to characters (CTC) while it is spoken: GRU forwards only",
        paper="Graves 2006, Connectionist temporal classification",
        cell="gru",
        units=(128, 128),
        bidirectional=False,
        **_SPEECH,
    ),
)


def _check_spec(entry: object) -> None:
    if not isinstance(entry, ModelSpec):
        raise ArgumentError(f"model: received {entry!r}; expected a ModelSpec.")
    BUILDERS.find(entry.builder)
    checks.choice("task", entry.task, TASKS)
    known = builder_parameters(entry.builder)
    for argument in entry.arguments:
        if argument not in known:
            raise UnknownNameError(
                f"argument of {entry.builder}", argument, known, near=nearest_word(argument, known)
            )
    if not BUILDERS.is_own(entry.builder):
        _check_answers(entry)


def _check_answers(spec: ModelSpec) -> None:
    """Refuses a task whose output a builder of rnnzoo does not have."""
    task = TASKS[spec.task]
    known = [TASKS[row.task] for row in _TABLE if row.builder == spec.builder]
    if "task" in builder_parameters(spec.builder):
        known = [*row_tasks().values()]
    if not any(
        (other.output, other.data, other.per_step) == (task.output, task.data, task.per_step)
        for other in known
    ):
        names = ", ".join(dict.fromkeys(other.name for other in known))
        raise ArgumentError(
            f"task of a ModelSpec: received {spec.task!r} with builder {spec.builder!r}, which has no such output; "
            f"expected one of {names}. Choose one of them, or another builder."
        )


class ModelTable(Registry[ModelSpec]):
    """The rows of the zoo by name."""

    def add(self, name: str, entry: ModelSpec) -> None:
        """Adds a row of one's own.

        Args:
            name: The name of the row.
            entry: The row.

        Raises:
            ArgumentError: If the name is another row's, or the row has another name, or cannot be built.
        """
        if isinstance(entry, ModelSpec) and name != entry.name:
            raise ArgumentError(
                f"name: received {name!r} for the ModelSpec of name {entry.name!r}; expected the same. Pass "
                f"{entry.name!r}, or rename the ModelSpec."
            )
        super().add(name, entry)


#: The models by name. A row of one's own is added by ``ZOO.add(spec.name, spec)``.
ZOO = ModelTable("model", {spec.name: spec for spec in _TABLE}, check=_check_spec)

_FACTS = Path(__file__).parent / "zoo_facts.json"


def list_models(pattern: str = "*", *, task: str | None = None) -> list[str]:
    """Lists the names in the zoo.

    Args:
        pattern: A shell pattern, such as ``"*-gru"``.
        task: Only models for this task; ``None`` for all.

    Returns:
        Names in the order of the table; empty where nothing matches.

    Raises:
        UnknownNameError: If there is no such task.

    Example:
        >>> list_models("text-tagger-bi*")
        ['text-tagger-bilstm', 'text-tagger-bigru', 'text-tagger-bilstm-crf']
    """
    if task is not None:
        checks.choice("task", task, TASKS)
    return [
        spec.name
        for spec in ZOO.values()
        if fnmatch.fnmatchcase(spec.name, pattern) and (task is None or spec.task == task)
    ]


def get_spec(name: str) -> ModelSpec:
    """Looks up one row of the zoo.

    Raises:
        UnknownNameError: If there is no such model; the nearest name is suggested.

    Example:
        >>> get_spec("forecaster-gru").task
        'forecasting'
    """
    return ZOO.find(name)


@functools.cache
def read_facts() -> dict[str, dict[str, Any]]:
    """Returns what only a built model tells, by name, without building it.

    ``parameters``; ``cudnn`` and ``streams``, each ``"yes"`` or ``"no: "`` and the reason.
    """
    facts: dict[str, dict[str, Any]] = read_json(_FACTS, "the facts of the zoo")
    return facts


def find_facts(spec: ModelSpec) -> dict[str, Any]:
    """Returns the facts of a model; of one that a user registered nothing is known."""
    return read_facts().get(spec.name, {"parameters": None, "cudnn": "?", "streams": "?"})


def create_model(name: str, /, **overrides: Any) -> keras.Model:
    """Builds a model of the zoo, uncompiled and with fresh weights.

    Args:
        name: A name that ``list_models`` gives.
        **overrides: Arguments of the builder that replace those of the table, usually
            ``**splits.model_arguments``. A ready ``encoder`` or ``embedding`` replaces what the table says of it.
            Giving ``num_features`` to a text model (or ``vocabulary_size`` to a series model) replaces the kind of
            input. The ``window`` of the data is left out where the builder's models read windows of any length.

    Returns:
        A functional Keras model that ends in logits, or in values for regression and forecasting.

    Raises:
        UnknownNameError: If there is no such model, or the builder has no such argument.
        ArgumentError: If an argument is out of range.

    Example:
        >>> model = create_model("series-classifier-gru", num_features=3, num_classes=2, units=(8,))
        >>> model.name
        'series-classifier-gru'
    """
    spec = get_spec(name)
    overrides = _check_arguments(spec.builder, overrides)
    from rnnzoo.builders.parts.option_words import leave_to_ready  # imports Keras

    arguments = {**leave_to_ready(spec.arguments, overrides), "name": name, **overrides}
    for given, other in (("num_features", "vocabulary_size"), ("vocabulary_size", "num_features")):
        replaces = other not in overrides and given not in spec.arguments
        if overrides.get(given) is not None and replaces:
            arguments.pop(other, None)
    if "task" in builder_parameters(spec.builder):
        arguments.setdefault("task", spec.task)
    return _check_model(spec.builder, get_builder(spec.builder)(**arguments))


def _check_model(builder: str, model: object) -> keras.Model:
    import keras

    if not isinstance(model, keras.Model):
        raise ArgumentError(
            f"builder {builder!r}: returned {type(model).__name__}; expected a Keras model. Let it return "
            "keras.Model(inputs, outputs, name=name)."
        )
    return model


def takes_argument(spec: ModelSpec, argument: str) -> bool:
    """Whether ``create_model`` takes an argument for a model."""
    return argument in _ASKED_BY_SOME or argument in builder_parameters(spec.builder)


def _check_arguments(builder: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    known = builder_parameters(builder)
    for argument in overrides:
        if argument not in known and argument not in _ASKED_BY_SOME:
            raise UnknownNameError(
                f"argument of {builder}", argument, known, near=nearest_word(argument, known)
            )
    return {name: value for name, value in overrides.items() if name in known}
