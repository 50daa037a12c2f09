"""The task table: what a model's outputs mean, how it is trained and how it is judged.

A builder asks it how wide the head is, the trainer which loss and metrics to compile, the search what to
maximise, decoding how logits become an answer. Tasks know nothing of cells, builders know nothing of losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rnnzoo.decoding.answers import DECODINGS
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES
from rnnzoo.errors import ArgumentError
from rnnzoo.registry import Registry
from rnnzoo.task import Task as Task

_SCORES = "rnnzoo.evaluation.scores"
_BASELINES = "rnnzoo.evaluation.baselines"
#: The tasks of rows with one label each, several, a number, or a label for each step, where none is named.
ONE_LABEL, SEVERAL_LABELS, NUMBER, STEP_LABELS = (
    "classification",
    "multilabel_classification",
    "regression",
    "tagging",
)


class TaskRegistry(Registry[Task]):
    """The tasks by name. A task that is added brings its decoding along."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__("task", {task.name: task for task in tasks}, check=_check_task)

    def add(self, name: str, entry: Task) -> None:
        """Adds a task; the same once more under the same name changes nothing.

        Raises:
            ArgumentError: If the name is another's or not the task's own, or it is no ``Task``.
        """
        _check_task(entry)
        if entry.name != name:
            raise ArgumentError(
                f"name: received {name!r} for a task whose name is {entry.name!r}; expected the same. Use either."
            )
        if entry.data_of is not None:
            self.find(entry.data_of)
        with self.unchanged_on_error():
            super().add(name, entry)
            if entry.decoding is not None:
                DECODINGS.add(name, entry.decoding)

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """Puts all tasks and decodings back if the block raises."""
        with super().unchanged_on_error(), DECODINGS.unchanged_on_error():
            yield

    def remove(self, name: str) -> None:
        """Takes away a task that a user registered, and its decoding.

        Raises:
            UnknownNameError: If there is none of this name.
            ArgumentError: If it is rnnzoo's.
        """
        super().remove(name)
        if name in DECODINGS:
            DECODINGS.remove(name)


def _check_task(entry: object) -> None:
    if not isinstance(entry, Task):
        raise ArgumentError(f"task: received {entry!r}; expected a rnnzoo.tasks.Task.")


TASKS = TaskRegistry(
    (
        Task(
            name="classification",
            targets="classes",
            output="logits",
            output_axes=("classes",),
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            objective="val_accuracy",
            direction="max",
            scores=f"{_SCORES}:class_scores",
            decoding=DECODINGS["classification"],
            baselines=f"{_BASELINES}.classes:classification",
            stratified=True,
            weighs_classes=True,
            confusion_matrix=True,
        ),
        Task(
            name="binary_classification",
            targets="classes",
            output="logits",
            activation="sigmoid",
            losses=("binary_crossentropy",),
            metrics=("binary_accuracy", "auc"),
            objective="val_accuracy",
            direction="max",
            scores=f"{_SCORES}:binary_scores",
            decoding=DECODINGS["binary_classification"],
            baselines=f"{_BASELINES}.classes:binary_classification",
            stratified=True,
            weighs_classes=True,
            two_classes=True,
            confusion_matrix=True,
        ),
        Task(
            name="multilabel_classification",
            targets="labels",
            output="logits",
            activation="sigmoid",
            losses=("binary_crossentropy",),
            metrics=("binary_accuracy",),
            scores=f"{_SCORES}:label_scores",
            decoding=DECODINGS["multilabel_classification"],
            baselines=f"{_BASELINES}.classes:multilabel_classification",
        ),
        Task(
            name="regression",
            targets="values",
            output="values",
            losses=("mean_squared_error", "mean_absolute_error", "huber"),
            metrics=("mean_absolute_error",),
            scores=f"{_SCORES}:regression_scores",
            decoding=DECODINGS["regression"],
            baselines=f"{_BASELINES}.classes:regression",
        ),
        Task(
            name="tagging",
            targets="classes",
            output="logits",
            output_axes=("classes",),
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            objective="val_accuracy",
            direction="max",
            scores=f"{_SCORES}:tag_scores",
            decoding=DECODINGS["tagging"],
            baselines=f"{_BASELINES}.tags:tagging",
            per_step=True,
            weighted=True,
            weighs_classes=True,
            confusion_matrix=True,
            scored="each tag on its own",
        ),
        Task(
            name="language_modeling",
            targets="tokens",
            output="logits",
            output_axes=("classes",),
            activation="softmax",
            losses=("sparse_categorical_crossentropy",),
            metrics=("accuracy",),
            scores=f"{_SCORES}:token_scores",
            decoding=DECODINGS["language_modeling"],
            baselines=f"{_BASELINES}.texts:language",
            data="running text",
            per_step=True,
        ),
        # Each token of a translation from those before it; the loss is the mean over all tokens that are not padding.
        Task(
            name="translation",
            targets="tokens",
            output="logits",
            output_axes=("classes",),
            activation="softmax",
            losses=("token_crossentropy",),
            metrics=("accuracy",),
            scores=f"{_SCORES}:token_scores",
            baselines=f"{_BASELINES}.texts:translation",
            data="pairs",
            weighted=True,
        ),
        # Data for tagging, tagged as whole rows: the activation is over paths.
        Task(
            name="crf_tagging",
            targets="classes",
            output="potentials",
            output_axes=("classes", "classes"),
            activation="softmax",
            losses=("crf_negative_log_likelihood",),
            metrics=("path_accuracy",),
            objective="val_accuracy",
            direction="max",
            scores=f"{_SCORES}:path_scores",
            decoding=DECODINGS["crf_tagging"],
            baselines=f"{_BASELINES}.tags:tagging",
            data_of="tagging",
            per_step=True,
            weighted=True,
            confusion_matrix=True,
            scored="pairs of tags (crf=True)",
            model_hint="a model with crf=True such as 'text-tagger-bilstm-crf'",
        ),
        # The mean absolute error asks for the median, which a few extreme hours do not move.
        Task(
            name="forecasting",
            targets="values",
            output="values",
            losses=("mean_absolute_error", "mean_squared_error", "huber"),
            metrics=("mean_squared_error",),
            scores=f"{_SCORES}:forecast_scores",
            decoding=DECODINGS["forecasting"],
            baselines=f"{_BASELINES}.forecasts:values",
            data="windows",
        ),
        Task(
            name="transcription",
            targets="symbols",
            output="logits",
            activation="softmax",
            losses=("ctc",),
            scores=f"{_SCORES}:transcript_scores",
            decoding=DECODINGS["transcription"],
            baselines=f"{_BASELINES}.texts:transcription",
        ),
        Task(
            name="quantile_forecasting",
            targets="values",
            output="quantiles",
            output_axes=("quantiles",),
            losses=("pinball",),
            scores=f"{_SCORES}:quantile_scores",
            decoding=DECODINGS["quantile_forecasting"],
            baselines=f"{_BASELINES}.forecasts:quantiles",
            data="windows",
            data_of="forecasting",
            quantiles=DEFAULT_QUANTILES,
        ),
        Task(
            name="gaussian_forecasting",
            targets="values",
            output="distribution",
            output_axes=(2,),
            losses=("gaussian",),
            scores=f"{_SCORES}:gaussian_scores",
            decoding=DECODINGS["gaussian_forecasting"],
            baselines=f"{_BASELINES}.forecasts:gaussians",
            data="windows",
            data_of="forecasting",
            quantiles=DEFAULT_QUANTILES,
        ),
    )
)


def get_task(name: str) -> Task:
    """Looks a task up by name.

    Example:
        >>> get_task("classification").objective
        'val_accuracy'

    Raises:
        UnknownNameError: If there is no such task; the nearest name is suggested.
    """
    return TASKS.find(name)


def tasks_of_same_data(task: Task) -> list[Task]:
    """Returns the tasks that the data of a task can be for, itself among them.

    Example:
        >>> [task.name for task in tasks_of_same_data(get_task("crf_tagging"))]
        ['tagging', 'crf_tagging']
    """
    data = task.data_of or task.name
    return [other for other in TASKS.values() if (other.data_of or other.name) == data]


def is_of_own_windows(task: object) -> bool:
    """Whether rows may be windows that were cut already: where a task forecasts, on data of its own.

    Example:
        >>> [name for name in TASKS if is_of_own_windows(name)]
        ['forecasting']
    """
    known = TASKS.get(task) if isinstance(task, str) else None
    return known is not None and known.forecasts and known.data_of is None


def task_of_outputs(task: Task, outputs: Sequence[str]) -> Task:
    """Returns the task that a model is for among those of the same data: that of the name of its output.

    Args:
        task: The task that the data are read for, which it stays where no other fits.
        outputs: The names of the model's outputs.

    Example:
        >>> task_of_outputs(get_task("tagging"), ["potentials"]).name
        'crf_tagging'
    """
    if len(outputs) != 1 or outputs[0] == task.output:
        return task
    return next((other for other in tasks_of_same_data(task) if other.output == outputs[0]), task)


def row_tasks() -> Mapping[str, Task]:
    """Returns the tasks with one answer a row: those that ``build_classifier`` and its kin have a head for."""
    return {name: task for name, task in TASKS.items() if task.answers_rows}
