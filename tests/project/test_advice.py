"""Truth of ``rnnzoo``: what messages advise is there: names, functions, arguments, commands, options."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from advice import FILLED, Message, identifiers, messages
from rnnzoo.cli.app import make_app

# Names of others that messages speak of, and where each is.
OF_OTHERS = {
    "keras.Input": "keras:Input",
    "keras.Model": "keras:Model",
    "keras.ops": "keras:ops",
    "keras.losses": "keras:losses",
    "keras.config.enable_unsafe_deserialization": "keras:config.enable_unsafe_deserialization",
    "keras.saving.register_keras_serializable": "keras:saving.register_keras_serializable",
    "load_weights": "keras:Model.load_weights",
    "StringLookup": "keras.layers:StringLookup",
    "model.get_layer": "keras:Model.get_layer",
    "model.load_weights": "keras:Model.load_weights",
    "keras.layers": "keras:layers",
    "set_weights": "keras:Model.set_weights",
    "get_vocabulary": "keras.layers:TextVectorization.get_vocabulary",
    "TextVectorization": "keras.layers:TextVectorization",
    "TextVectorization.get_vocabulary": "keras.layers:TextVectorization.get_vocabulary",
    "pandas.json_normalize": "pandas:json_normalize",
    "frame.to_json": "pandas:DataFrame.to_json",
    "frame.rename": "pandas:DataFrame.rename",
    "SimpleRNN": "keras.layers:SimpleRNN",
    "Dense": "keras.layers:Dense",
    "StackedRNNCells": "keras.layers:StackedRNNCells",
    "get_config": "keras:Layer.get_config",
    "compute_output_shape": "keras:Layer.compute_output_shape",
    "supports_masking": "keras:Layer.supports_masking",
    "HyperModel": "keras_tuner:HyperModel",
    "keras_tuner.HyperModel": "keras_tuner:HyperModel",
    "keras_tuner.HyperParameters": "keras_tuner:HyperParameters",
    "take": "tensorflow:data.Dataset.take",
    "dataset.apply": "tensorflow:data.Dataset.apply",
    "tf.data": "tensorflow:data",
    "tf.data.Dataset": "tensorflow:data.Dataset",
    "tf.data.experimental.assert_cardinality": "tensorflow:data.experimental.assert_cardinality",
    "assert_cardinality": "tensorflow:data.experimental.assert_cardinality",
    "tf.function": "tensorflow:function",
    "tf.py_function": "tensorflow:py_function",
    "py_function": "tensorflow:py_function",
    "tf.numpy_function": "tensorflow:numpy_function",
    "numpy_function": "tensorflow:numpy_function",
    "dataclasses.replace": "dataclasses:replace",
    "datetime.strptime": "datetime:datetime.strptime",
    "numpy.save": "numpy:save",
    "numpy.savez": "numpy:savez",
    "x.astype": "numpy:ndarray.astype",
    "y.argmax": "numpy:ndarray.argmax",
    "h5py.File": "h5py:File",
    "loadarff": "scipy.io.arff:loadarff",
    "scipy.io.loadmat": "scipy.io:loadmat",
    "Path": "pathlib:Path",
    "isinstance": "builtins:isinstance",
    "tolist": "numpy:ndarray.tolist",
    "frame.xs": "pandas:DataFrame.xs",
    "frame.map": "pandas:DataFrame.map",
    "pandas.DataFrame": "pandas:DataFrame",
    "pandas.get_dummies": "pandas:get_dummies",
    "zip": "builtins:zip",
    "frame.reset_index": "pandas:DataFrame.reset_index",
    "str.lower": "builtins:str.lower",
    "str.strip": "builtins:str.strip",
    "frame.astype": "pandas:DataFrame.astype",
    "frame.columns.duplicated": "pandas:Index.duplicated",
    "pandas.read_csv": "pandas:read_csv",
    "pandas.to_datetime": "pandas:to_datetime",
    "pandas.NA": "pandas:NA",
    "to_csv": "pandas:DataFrame.to_csv",
    "DataFrame": "pandas:DataFrame",
    "int": "builtins:int",
    "print": "builtins:print",
    "secrets.token_urlsafe": "secrets:token_urlsafe",
    "float": "builtins:float",
}
# What readers put their own name for, and words of others' formats.
EXAMPLES = {
    "x_train",
    "y_train",
    "x_test",
    "y_test",
    "build_mine",
    "read_my_set",
    "my_package",
    "MyCell",
    "OwnGraph",
}
FOREIGN = {
    *("TensorFlow", "NumPy", "SavedModel", "TypedDict", "InferenceService"),
    *("PhysioNet", "CoNLL", "BiLSTM", "SegRNN", "InceptionTime", "DeepAR", "pcm_s16le"),
}
# Arguments of functions of others.
TAKEN_BY_OTHERS = {
    "keep_default_na": "pandas:read_csv",
    "sep": "pandas:read_csv",
    "orient": "pandas:DataFrame.to_json",
    "date_format": "pandas:DataFrame.to_json",
}

COMMANDS: Any = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]
OPTIONS = {
    name: {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    for name, command in COMMANDS.items()
}


@pytest.fixture(scope="module")
def said(project: Path) -> list[Message]:
    found = messages(project)
    assert len(found) > 1000
    return found


@pytest.fixture(scope="module")
def known(project: Path) -> set[str]:
    return identifiers(project)


def resolved(path: str) -> Any:
    module, _, names = path.partition(":")
    value: Any = importlib.import_module(module)
    for name in names.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("name", OF_OTHERS)
def test_names_of_others_are_still_theirs(name: str) -> None:
    assert resolved(OF_OTHERS[name]) is not None


def references_to_read(said: Sequence[Message]) -> list[str]:
    lazy = re.compile(r"see the (readme|docs|documentation|manual)|\breadme\b", re.IGNORECASE)
    # The help of --task is not a message.
    return [str(m) for m in said if lazy.search(m.text)]


def missing_names(said: Sequence[Message]) -> list[str]:
    """Names that are written with their package."""
    dotted = re.compile(r"\brnnzoo(?:_export|_tuning)?(?:\.[A-Za-z_]\w*)+")
    logs = ("rnnzoo.serving",)
    return [
        f"{m} ({name})"
        for m in said
        for name in dotted.findall(m.text)
        if name not in logs and not _is_there(name)
    ]


def _is_there(dotted: str) -> bool:
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            value = getattr(value, name, None)
        return value is not None
    return False


def missing_functions(said: Sequence[Message], known: Collection[str]) -> list[str]:
    """Functions that are written as a call."""
    called = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\((?!s\))(?=[^)\s]|\))")  # not column(s)
    return [
        f"{m} ({name})"
        for m in said
        for name in called.findall(m.text)
        if name not in OF_OTHERS and name.rpartition(".")[2] not in {*known, *EXAMPLES}
    ]


def missing_arguments(said: Sequence[Message], known: Collection[str]) -> list[str]:
    """Arguments that are written as ``name=``."""
    given = re.compile(r"(?<![-\w.…])([a-z_]+)=(?!=)")
    return [
        f"{m} ({name})"
        for m in said
        for name in given.findall(m.text)
        if name not in known and name not in TAKEN_BY_OTHERS
    ]


def missing_words(said: Sequence[Message], known: Collection[str]) -> list[str]:
    """Words that look like names."""
    looks = re.compile(r"(?<![\w./'-])(?:[a-z]+(?:_[a-z0-9]+)+|[A-Z][a-z]+[A-Z]\w+)\b(?!\.\w)")
    every = {*known, *OF_OTHERS, *EXAMPLES, *FOREIGN, *TAKEN_BY_OTHERS}
    return [f"{m} ({name})" for m in said for name in looks.findall(m.text) if name not in every]


# Words that follow the name of the package where no command is meant.
PROSE = ("that", "from", "brings", "of", "or", "itself", "does", "has", "needs")


def missing_commands(said: Sequence[Message]) -> list[str]:
    """Commands that are written out, with the options that follow each."""
    missing = []
    for message in said:
        for place in re.finditer(r"\brnnzoo ([a-z]+)\b", message.text):
            after = re.split(r"[;:,)`]|\. |\n|   ", message.text[place.end() :])[0]
            options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", after))
            if place[1] not in PROSE and (place[1] not in COMMANDS or not options <= OPTIONS[place[1]]):
                missing.append(f"{message} ({place[0]} {options})")
    return missing


OF_PROGRAMS = {"--model-repository"}  # of Triton


def missing_options(said: Sequence[Message]) -> list[str]:
    """Options of whatever command."""
    every = set().union(*OPTIONS.values()) | OF_PROGRAMS | {"--help", "--version"}
    option = re.compile(rf"(?<![\w-])(--[a-z][a-z-]*)(?![\w{FILLED}])")
    return [f"{m} ({name})" for m in said for name in option.findall(m.text) if name not in every]


def test_all_that_messages_advise_is_there(said: list[Message], known: set[str]) -> None:
    assert references_to_read(said) == []
    assert missing_names(said) == []
    assert missing_functions(said, known) == []
    assert missing_arguments(said, known) == []
    assert missing_words(said, known) == []
    assert missing_commands(said) == []
    assert missing_options(said) == []


@pytest.mark.parametrize(
    ("find", "text"),
    [
        (references_to_read, "it is wrong. See the README."),
        (missing_names, "Use rnnzoo.errors.RowFault for it."),
        (missing_names, "Use rnnzoo.read_anything."),
        (missing_functions, "Use fit_it(), please."),
        (missing_functions, "Call Splits.of_arrays(x)."),
        (missing_arguments, "Pass with_luck=True for that."),
        (missing_words, "Make it with read_everything instead."),
        (missing_words, "Make a SearchSpaces of it."),
        (missing_commands, "Run rnnzoo trian NAME."),
        (missing_commands, "Run rnnzoo serve BUNDLE --horizon 3."),
        (missing_options, "Give --txt and --label."),
    ],
)
def test_what_is_not_there_is_found(find: Callable[..., list[str]], text: str, known: set[str]) -> None:
    arguments = (known,) if len(inspect.signature(find).parameters) == 2 else ()
    assert len(find([Message("a.py:1", text)], *arguments)) == 1


def test_arguments_of_others_are_still_theirs() -> None:
    for name, function in TAKEN_BY_OTHERS.items():
        assert name in inspect.signature(resolved(function)).parameters
