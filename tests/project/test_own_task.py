"""Truth of ``rnnzoo.task``: a task that a user registers trains, is scored, searched, saved and served as ours."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from own_task import ORDINAL, OrdinalDecoding, ordinal_scores
from rnnzoo.builders.classifier import build_classifier
from rnnzoo.data.splits import Splits
from rnnzoo.decoding.answers import DECODINGS, ClassDecoding
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.evaluation.evaluation import evaluate
from rnnzoo.task import Task
from rnnzoo.tasks import TASKS, get_task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.trainer import train
from rnnzoo.zoo import create_model
from rnnzoo_export.bundle import load_bundle
from rnnzoo_export.deployment.bundle_writer import save_bundle
from rnnzoo_export.formats.onnx_export import export_onnx
from rnnzoo_export.formats.quantization import quantize_onnx
from rnnzoo_export.inference.predictor import OnnxPredictor
from rnnzoo_tuning.runner import run_search

GRADES = ["1", "2", "3", "4"]


@pytest.fixture
def registry() -> Iterator[None]:
    """Forgets what a test registers."""
    before = set(TASKS)
    yield
    for name in set(TASKS) - before:
        TASKS.remove(name)
    assert set(DECODINGS) <= set(TASKS)


@pytest.fixture
def ordinal(registry: None) -> None:
    TASKS.add(ORDINAL.name, ORDINAL)


def series(task: str = "ordinal_regression") -> Splits:
    """Series whose level says the grade."""
    rng = np.random.default_rng(0)
    grades = np.arange(160) % 4 + 1
    rows = grades[:, None, None] + 0.2 * rng.normal(size=(160, 5, 2))
    return Splits.from_arrays(rows, grades.tolist(), task=task)


def small(splits: Splits, **changes: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    return create_model("series-classifier-gru", units=(8,), **{**splits.model_arguments, **changes})


def test_data_and_builders_take_it(ordinal: None) -> None:
    splits = series()
    assert splits.model_arguments == {
        "num_features": 2,
        "variable_length": False,
        "num_classes": 4,
        "task": "ordinal_regression",
    }
    assert isinstance(splits.decoding, OrdinalDecoding)
    assert splits.decoding.labels == GRADES
    model = build_classifier(num_features=2, num_classes=4, units=(4,), task="ordinal_regression")
    assert model.output_shape == (None, 3)
    assert model.output_names == ["logits"]
    with pytest.raises(
        ArgumentError,
        match=r"gives output of shape \(batch, 4\); the data ask for \(batch, 3\) for task 'ordin",
    ):
        evaluate(small(splits, task="classification"), splits)


def test_it_trains_is_scored_saved_and_served(ordinal: None, tmp_path: Path) -> None:
    splits = series()
    model = small(splits)
    config = TrainConfig(epochs=8, learning_rate=0.03, batch_size=16, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.history[-1]["val_loss"] < 0.5 * result.history[0]["val_loss"]

    assert splits.test is not None
    inputs, truth, _ = splits.rows("test").gather(np.arange(len(splits.test)))
    outputs = np.asarray(model.predict(inputs["features"], verbose=0))
    reached = truth[:, None] > np.arange(3)
    loss = np.mean(np.log1p(np.exp(outputs)) - reached * outputs)
    found = result.metrics["test"]
    assert found["loss"] == pytest.approx(loss, rel=1e-5)
    assert {**ordinal_scores(outputs, truth), "loss": found["loss"]} == found
    assert evaluate(model, splits) == found
    kept = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert kept["baselines"]["scores"]["median class"]["accuracy"] == pytest.approx(0.25, abs=0.1)
    assert (tmp_path / "run" / "plots" / "confusion_matrix.png").is_file()

    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task="ordinal_regression",
    )
    stored = json.loads((tmp_path / "bundle" / "decoding.json").read_text())
    assert stored == {
        "format_version": 1,
        "task": "ordinal_regression",
        "labels": GRADES,
        "target_names": None,
        "kind": "ordinal_regression",
        "class": "own_task.OrdinalDecoding",
        "package": "own_task",
    }
    assert isinstance(bundle.decoding, OrdinalDecoding)
    rows = np.full((1, 5, 2), 3.0)
    (answer,) = OnnxPredictor(bundle).predict(rows)
    assert answer["label"] == "3"
    assert list(answer["better_than"]) == ["1", "2", "3"]
    refused_without_the_package(tmp_path / "bundle")


def refused_without_the_package(folder: Path) -> None:
    """A process that has not imported the package, nor TensorFlow, loads nothing that the file names."""
    load = (
        "import sys; from rnnzoo.errors import RnnzooError; from rnnzoo_export.bundle import load_bundle\n"
        "try: print(type(load_bundle(sys.argv[1]).decoding).__name__)\n"
        "except RnnzooError as error: print(error)\n"
        "print('own_task' in sys.modules, 'tensorflow' in sys.modules)"
    )
    own = (
        "import own_task; from rnnzoo.tasks import TASKS; TASKS.add('ordinal_regression', own_task.ORDINAL)\n"
    )
    for code, expected in (
        (
            load,
            f"{folder / 'decoding.json'}: needs the decoding 'ordinal_regression', the class own_task.OrdinalDecoding, "
            "which is not registered here; expected the module own_task to be imported before. Write `import "
            "own_task`, or run `rnnzoo serve --import own_task`.\nFalse False\n",
        ),
        (own + load, "OrdinalDecoding\nTrue False\n"),
    ):
        command = [sys.executable, "-c", code, str(folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        assert result.stdout == expected


@pytest.mark.slow
def test_a_search_watches_its_objective(ordinal: None, tmp_path: Path) -> None:
    result = run_search(
        "series-classifier-gru",
        series(),
        directory=tmp_path / "search",
        algorithm="random",
        max_trials=1,
        arguments={"units": (4,)},
        config=TrainConfig(epochs=1, tensorboard=False),
        progress=False,
        baseline_seconds=0,
        bundle=False,
    )
    assert result.objective == "val_loss"
    assert set(result.best.metrics["test"]) == {"mean_distance", "accuracy", "loss"}


def test_nothing_is_written_of_a_decoding_that_could_not_be_loaded(registry: None, tmp_path: Path) -> None:
    model = build_classifier(num_features=2, num_classes=4, units=(4,))
    decoding = OrdinalDecoding("ordinal_regression", labels=GRADES)
    with pytest.raises(ArgumentError) as error:
        save_bundle(model, tmp_path / "bundle", decoding=decoding)
    assert str(error.value) == (
        "decoding: received OrdinalDecoding for task 'ordinal_regression', which could not be loaded again; expected "
        "one of rnnzoo's, or that of a task that you have registered. Register the task."
    )
    assert not (tmp_path / "bundle").exists()


def test_an_own_task_that_answers_as_ours_needs_nothing_to_be_loaded(registry: None, tmp_path: Path) -> None:
    task = Task(
        name="plain",
        targets="classes",
        output="logits",
        output_axes=("classes",),
        activation="softmax",
        losses={"crossentropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        metrics=["keras.metrics:SparseTopKCategoricalAccuracy", keras.metrics.SparseCategoricalAccuracy()],
        scores=lambda outputs, targets, labels: {"classes": len(labels)},
        decoding=ClassDecoding,
    )
    TASKS.add("plain", task)
    first, second = task.keras_metrics(), task.keras_metrics()
    assert [type(metric).__name__ for metric in first] == [
        "SparseTopKCategoricalAccuracy",
        "SparseCategoricalAccuracy",
    ]
    assert not set(map(id, first)) & set(map(id, second))
    splits = Splits.from_arrays(["good film", "bad film"] * 20, ["a", "b"] * 20, task="plain")
    model = create_model("text-classifier-gru", units=(2,), embedding_size=2, **splits.model_arguments)
    assert evaluate(model, splits)["classes"] == 2
    save_bundle(model, tmp_path / "b", preprocessing=splits.preprocessing, decoding=splits.decoding)
    TASKS.remove("plain")
    decoding = load_bundle(tmp_path / "b").decoding
    assert type(decoding) is ClassDecoding
    assert decoding.task == "plain"


def test_data_of_another_task_train_it_if_the_output_says_so(registry: None) -> None:
    """As windows are forecast by quantiles too: here classes are answered in order, by an output of another name."""
    steps = dataclasses.replace(ORDINAL, name="steps", output="steps", data_of="classification")
    TASKS.add("steps", steps)
    splits = series(task="classification")
    inputs = keras.Input((5, 2), name="features")
    model = keras.Model(inputs, keras.layers.Dense(3, name="steps")(keras.layers.GRU(2)(inputs)))
    suitable = splits.for_model(model)
    assert suitable.task == "steps"
    assert isinstance(suitable.decoding, OrdinalDecoding)
    assert suitable.decoding.labels == GRADES
    assert set(evaluate(model, splits)) == {"mean_distance", "accuracy", "loss"}
    assert splits.for_model(small(splits)) is splits
    with pytest.raises(ArgumentError) as error:
        Splits.from_arrays(["a", "b"] * 20, ["x", "y"] * 20, task="steps")
    assert str(error.value) == (
        "task: received 'steps', whose data are those of 'classification'; expected that. Pass task='classification', "
        "and train a model with the output 'steps'."
    )


def test_files_are_compared_by_scores_that_are_known(registry: None, tmp_path: Path) -> None:
    TASKS.add("far", dataclasses.replace(ORDINAL, name="far", scores=lambda outputs, targets: {"far": 1.0}))
    model = build_classifier(vocabulary_size=2_000, num_classes=3, units=(2,), embedding_size=16, task="far")
    export_onnx(model, tmp_path / "model.onnx")
    batch = ({"tokens": np.ones((2, 3), np.int32)}, np.array([0, 1], np.int32))
    with pytest.raises(ArgumentError) as error:
        quantize_onnx(tmp_path / "model.onnx", tmp_path / "small.onnx", data=[batch], task="far")
    assert str(error.value) == (
        "task: received 'far', whose scores are far; expected one of accuracy, micro_f1, pinball, mae, cer among them, "
        "to compare two files by. Serve the float32 file."
    )
    assert not (tmp_path / "small.onnx").exists()


def change(**changes: Any) -> Task:
    fields = {"name": "x", "targets": "values", "output": "values", "losses": ("huber",), "scores": "a:b"}
    return Task(**{**fields, "decoding": DECODINGS["regression"], **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": "value"}, "unknown targets of a task: received 'value'; did you mean 'values'? "),
        ({"losses": ()}, "losses: received () for task 'x'; expected one at least."),
        (
            {"losses": ("hubber",)},
            "losses: received 'hubber'; expected one of sparse_categorical_crossentropy, ",
        ),
        ({"metrics": [3]}, "metrics: received 3; expected one of accuracy, "),
        ({"decoding": None}, "decoding: received None for task 'x'; expected a class derived from "),
        (
            {"decoding": Task},
            "decoding: received <class 'rnnzoo.task.Task'> for task 'x'; expected a class derived ",
        ),
    ],
)
def test_what_is_no_task_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        change(**changes)
    assert message in str(error.value)


def test_names_are_checked_when_it_is_registered(registry: None) -> None:
    with pytest.raises(ArgumentError, match="received 'y' for a task whose name is 'x'; expected the same"):
        TASKS.add("y", change())
    with pytest.raises(ArgumentError, match=r"expected a rnnzoo\.tasks\.Task"):
        TASKS.add("y", "regression")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="taging"):
        TASKS.add("x", change(data_of="taging"))
    with pytest.raises(ArgumentError, match=r"which is rnnzoo's"):
        TASKS.add("regression", change(name="regression"))
    assert "x" not in TASKS
    TASKS.add("x", change())
    TASKS.add("x", change())
    assert get_task("x") == change()
    assert TASKS.is_own("x")
