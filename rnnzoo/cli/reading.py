"""How data are to be read: what options say, and what follows from the model that they are for."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rnnzoo.builders.builder_names import builder_parameters
from rnnzoo.cli.data_options import DataOptions, listed_names, option_name
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.tasks import SEVERAL_LABELS, get_task, row_tasks
from rnnzoo.zoo import ModelSpec


@dataclass(frozen=True)
class Reading:
    """Options and the model that data are read for.

    Attributes:
        options: The options.
        spec: The model.
        fold: Which fold of the rows is the test, and how many there are; ``None`` for a share.
    """

    options: DataOptions
    spec: ModelSpec | None
    fold: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name of the model; empty where none is named."""
        return "" if self.spec is None else self.spec.name

    @property
    def preprocessing(self) -> Preprocessing | None:
        """What reads the rows; ``None`` where they say it themselves."""
        return DNAPreprocessing() if self.builder == "build_dna_classifier" else None

    @property
    def builder(self) -> str:
        """The name of the model's builder; empty where no model is named."""
        return "" if self.spec is None else self.spec.builder

    @property
    def task(self) -> str | None:
        """The task to read the data for.

        Raises:
            UnknownNameError: If there is no such task.
            ArgumentError: If the model has no such output.
        """
        wanted = self.options.task
        if self.spec is None:
            return wanted
        own = data_task(self.spec.task)
        several = row_tasks() if "task" in builder_parameters(self.spec.builder) else ()
        known = list(dict.fromkeys([own, *several]))
        if wanted is None:
            return SEVERAL_LABELS if self.options.label_separator and SEVERAL_LABELS in known else own
        get_task(wanted)
        if data_task(wanted) not in known:
            raise ArgumentError(
                f"--task: received {wanted!r} for the model {self.spec.name!r}; expected {' or '.join(known)}. "
                f"Leave it out, or choose another model: rnnzoo models --task {wanted}."
            )
        return data_task(wanted)

    @property
    def characters(self) -> bool:
        """Whether characters are read: where asked for, or where the model reads them."""
        if self.options.characters or self.spec is None:
            return self.options.characters
        if self.spec.builder == "build_language_model":
            return "char" in self.spec.name.split("-")
        return self.spec.arguments.get("character_vocabulary_size") is not None

    @property
    def file_format(self) -> FileFormat:
        """How the file of a table is written."""
        options = self.options
        return FileFormat(
            column_names=listed_names(options.columns),
            separator=options.separator,
            decimal=options.decimal,
            encoding=options.encoding,
            sheet=options.sheet,
        )

    @property
    def words(self) -> dict[str, Any]:
        """How much of texts is read."""
        options = self.options
        return {
            "max_tokens": options.max_tokens,
            "max_length": options.max_length,
            "characters": self.characters,
        }

    @property
    def split(self) -> dict[str, Any]:
        """How rows are split."""
        options = self.options
        return {
            "test": options.test,
            "validation_fraction": options.validation_fraction,
            "test_fraction": options.test_fraction,
            "seed": options.split_seed,
            "rare": options.rare,
            "unlabelled": options.unlabelled,
            "groups": options.group,
            "fold": self.fold,
        }

    def check_separator(self) -> None:
        """Raises ``ArgumentError`` for a separator of labels where a row has one label."""
        options = self.options
        several = options.task is None or get_task(options.task).targets == "labels"
        if options.label_separator == "" or (options.label_separator and not several):
            raise ArgumentError(
                f"--label-separator: received {options.label_separator!r} for the task "
                f"{options.task or 'of one label'}; expected one character at least, and a row that has several "
                "labels. Leave it out, or give --task multilabel_classification."
            )

    def refuse(self, takes: Collection[str], where: str, because: Mapping[str, str] | None = None) -> None:
        """Raises ``ArgumentError`` for options that would do nothing.

        Args:
            takes: The options that do something.
            where: What messages say of the others.
            because: What they say of single ones instead.
        """
        reasons = because or {}
        for option in dataclasses.fields(self.options):
            value = getattr(self.options, option.name)
            if option.name not in ("data", *takes) and value != option.default:
                raise ArgumentError(
                    f"{option_name(option.name)}: received {value!r} {reasons.get(option.name, where)}; expected it "
                    "elsewhere. Leave it out."
                )


def data_task(task: str) -> str:
    """Returns the task that data are read for where a model is for this one.

    Example:
        >>> data_task("crf_tagging")
        'tagging'
    """
    return get_task(task).data_of or task
