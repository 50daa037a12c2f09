"""The best settings of a search as code that runs as it is written: for Python and for the command line."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rnnzoo.training.config import TrainConfig
from rnnzoo_tuning.kept_search import KeptSearch
from rnnzoo_tuning.trial_records import EndedTrial

#: Where the code keeps its run.
_RUN = "best-run"
#: Options of data that ``load_dataset`` knows by these names.
_OF_SETS = {
    "split_seed": "seed",
    "validation_fraction": "validation_fraction",
    "test_fraction": "test_fraction",
}


@dataclass(frozen=True)
class BestCode:
    """What a model is trained with.

    Attributes:
        model: Its name in the zoo, or module and name of what builds it.
        arguments: Arguments of the builder, beside those that the data dictate.
        fields: Fields of ``TrainConfig`` that are not at their defaults.
        data: Options of the command that say how to read the data; ``None`` where they came from Python.
        source: Where the data came from, in words.
        drawn: What a ``HyperModel`` draws itself, with the rest; empty of other models.
    """

    model: str
    arguments: Mapping[str, Any]
    fields: Mapping[str, Any]
    data: Mapping[str, Any] | None = None
    source: str = ""
    drawn: Mapping[str, Any] | None = None

    @property
    def is_of_zoo(self) -> bool:
        """Whether the model has a name in the zoo."""
        return "." not in self.model

    def python(self) -> str:
        """Returns Python code that trains the model.

        Example:
            >>> code = BestCode("series-classifier-gru", {"units": (8,)}, {"epochs": 3}, data={"data": "digits"})
            >>> print(code.python())
            import keras
            import rnnzoo
            <BLANKLINE>
            splits = rnnzoo.load_dataset("digits")
            config = rnnzoo.TrainConfig(epochs=3)
            keras.utils.set_random_seed(config.seed)
            arguments = {**splits.model_arguments, "units": (8,)}
            model = rnnzoo.create_model("series-classifier-gru", **arguments)
            result = rnnzoo.train(model, splits, config=config, directory="best-run")
            print(result.metrics)
        """
        config = ", ".join(f"{name}={_literal(value)}" for name, value in self.fields.items())
        imports, data = self._data()
        own, building = self._building()
        return "\n".join(
            [
                "import keras",
                *(["import keras_tuner"] if self.drawn else []),
                "import rnnzoo",
                *imports,
                *own,
                "",
                *data,
                f"config = rnnzoo.TrainConfig({config})",
                "keras.utils.set_random_seed(config.seed)",
                *building,
                f'result = rnnzoo.train(model, splits, config=config, directory="{_RUN}")',
                "print(result.metrics)",
            ]
        )

    def command(self) -> str:
        """Returns the command that trains the model; empty where there is none.

        Example:
            >>> BestCode("series-classifier-gru", {"units": (8,)}, {"epochs": 3}, data={"data": "digits"}).command()
            "rnnzoo train series-classifier-gru --data digits --out best-run --set 'units=[8]' --set epochs=3"
        """
        if self.data is None or not self.is_of_zoo or any(map(_is_array, self.arguments.values())):
            return ""
        words = ["rnnzoo", "train", self.model]
        for name, value in self.data.items():
            flag = f"--{name.replace('_', '-')}"
            values = value if isinstance(value, list) else [value]
            words += [flag] if value is True else [word for one in values for word in (flag, str(one))]
        words += ["--out", _RUN]
        for name, value in {**self.arguments, **self.fields}.items():
            words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        return shlex.join(words)

    def _data(self) -> tuple[list[str], list[str]]:
        """Returns imports and lines that read the data."""
        if self.data is None or not self.is_of_zoo:
            source = f" ({self.source})" if self.source else ""
            return [], [f"# splits: the data that the search was given{source}"]
        name = str(self.data["data"])
        if self.data.keys() - {"data"} <= _OF_SETS.keys() and not {"task", "characters"} & _options_of(name):
            others = [
                f", {_OF_SETS[option]}={_literal(value)}"
                for option, value in self.data.items()
                if option != "data"
            ]
            return [], [f"splits = rnnzoo.load_dataset({_literal(name)}{''.join(others)})"]
        options = ", ".join(f"{option}={_literal(value)}" for option, value in self.data.items())
        imports = [
            "from rnnzoo.cli.data_loading import load_data",
            "from rnnzoo.cli.data_options import DataOptions",
        ]
        return imports, [
            f"options = DataOptions({options})",
            f"splits = load_data(options, rnnzoo.get_spec({_literal(self.model)}))",
        ]

    def _building(self) -> tuple[list[str], list[str]]:
        """Returns imports and lines that build the model."""
        module, _, name = self.model.rpartition(".")
        plain = module and module.replace("_", "a").replace(".", "a").isalnum() and module != "__main__"
        imports = [f"from {module} import {name}"] if plain and name.isidentifier() else []
        if self.drawn:
            return imports, [
                "values = keras_tuner.HyperParameters()",
                f"values.values = {_literal(self.drawn)}",
                f"model = {name}().build(values)  # as the search was given it",
            ]
        arrays = [
            f"# {name}: the array of shape {tuple(value['shape'])} that the search was given"
            for name, value in self.arguments.items()
            if _is_array(value)
        ]
        given = [
            f"{_literal(name)}: {name if _is_array(value) else _literal(value)}"
            for name, value in self.arguments.items()
        ]
        if not self.is_of_zoo:
            arrays.append(f"# arguments: add those of splits.model_arguments that {name} takes")
            return imports, [*arrays, f"arguments = {{{', '.join(given)}}}", f"model = {name}(**arguments)"]
        return imports, [
            *arrays,
            f"arguments = {{{', '.join(['**splits.model_arguments', *given])}}}",
            f"model = rnnzoo.create_model({_literal(self.model)}, **arguments)",
        ]


def best_code(search: KeptSearch, best: EndedTrial) -> BestCode:
    """Returns the code of a trial.

    Args:
        search: The search.
        best: The trial.
    """
    settings = search.settings
    space = search.space
    arguments, training = space.draw(_kept_values(best.values))
    fields = {**settings["train_config"], **training}
    defaults = TrainConfig().to_dict()
    known = {*space.dimensions}
    return BestCode(
        model=settings["model"],
        arguments=_as_builders_take({**settings["arguments"], **arguments}),
        fields={name: value for name, value in fields.items() if _differs(value, defaults.get(name))},
        data=search.data_options(),
        source=str(settings["data"].get("source") or ""),
        drawn=dict(best.values) if best.values.keys() - known else None,
    )


def _kept_values(values: Mapping[str, Any]) -> Any:
    """Returns what answers a space as ``keras_tuner.HyperParameters`` with these values does."""

    def kept(name: str, *_: Any, **__: Any) -> Any:
        return values.get(name)

    return SimpleNamespace(
        Choice=kept,
        Int=kept,
        Float=kept,
        Fixed=lambda name, value: value,
        conditional_scope=lambda *_: contextlib.nullcontext(),
    )


def _differs(value: Any, default: Any) -> bool:
    """Whether a field is not at its default, both as JSON has them."""
    return json.dumps(value, default=str) != json.dumps(default, default=str)


def _as_builders_take(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}


def _is_array(value: Any) -> bool:
    return isinstance(value, Mapping) and {"shape", "sha256"} <= value.keys()


def _options_of(data: str) -> set[str]:
    """Returns the options of a named set; of what is none, all that make a reader of its own necessary."""
    import inspect

    from rnnzoo.data.sets.datasets import DATASETS

    if data not in DATASETS:
        return {"task"}
    return set(inspect.signature(DATASETS[data]).parameters)


def _literal(value: Any) -> str:
    """Returns a value as Python code has it, texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_literal(name)}: {_literal(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        items = ", ".join(map(_literal, value))
        end = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{items}]" if isinstance(value, list) else f"({items}{end})"
    return repr(value)
