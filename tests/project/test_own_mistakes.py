"""Truth of ``rnnzoo.registration``: mistakes in own parts are named at once, with the way to fix them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import rnnzoo
import rnnzoo_tuning
from handmade_bundles import scorer
from own_preprocessing import Letters
from own_task import task_with
from rnnzoo.decoding import Decoding, save_decoding
from rnnzoo.errors import ArgumentError, BundleError, DataError, OwnCodeError
from rnnzoo.preprocessing import load_preprocessing, save_preprocessing
from rnnzoo.preprocessing.base import Rows
from rnnzoo.registration import TABLES, registry
from rnnzoo_export import OnnxPredictor, save_bundle
from rnnzoo_export.serving.app import create_app

TEXTS, LABELS = ["abc", "zy", "de"] * 14, ["a", "b", "c"] * 14
TABLE = np.array([[float(number), 1.0] for number in range(27)])


@pytest.fixture(autouse=True)
def _leave_nothing_registered() -> Iterator[None]:
    """Other tests ask the tables of this process."""
    before = {kind: set(registry(kind)) for kind in TABLES}
    yield
    for kind, names in before.items():
        for name in set(registry(kind)) - names:
            if name in registry(kind):  # a task takes its decoding along
                registry(kind).remove(name)


class Skipping(Letters):
    """Leaves short texts out."""

    kind = "skipping"

    def encode(self, raw: Rows) -> list[np.ndarray]:
        return [row for row in super().encode(raw) if len(row) > 2]


class Fewer(Decoding):
    """Answers the first row only."""

    def answers(self, outputs: np.ndarray, lengths: Sequence[int] | None) -> list[dict[str, Any]]:
        return [{"label": "a"}]


def test_rows_that_an_own_preprocessing_leaves_out_are_missed_at_once() -> None:
    with pytest.raises(OwnCodeError) as error:
        rnnzoo.Splits.from_arrays(TEXTS, LABELS, preprocessing=Skipping(), stratify=False)
    assert str(error.value) == (
        "preprocessing: Skipping.encode returned 8 rows for 30; expected one array for each row. Raise "
        "rnnzoo.errors.RowError for a row that cannot be read, and drop such rows before."
    )
    with pytest.raises(OwnCodeError, match="returned 0 rows for 1"):
        Skipping().apply(["zy"])
    with pytest.raises(OwnCodeError, match=r"Texts\.encode returned str; expected one array"):
        type("Texts", (Letters,), {"encode": lambda self, raw: "abc"})().apply(["zy"])


@pytest.mark.parametrize(
    ("preprocessing", "decoding", "message"),
    [
        (
            Skipping,
            None,
            "preprocessing: Skipping.encode returned 1 rows for 2; expected one array for each row. ",
        ),
        (
            Letters,
            Fewer,
            "decoding: Fewer.answers returned 1 answers for 2 rows; expected one answer for each row. ",
        ),
    ],
)
def test_wrong_numbers_of_rows_and_answers_are_faults_of_the_server(
    preprocessing: Any, decoding: Any, message: str, tmp_path: Path
) -> None:
    rnnzoo.register("preprocessing", "skipping", Skipping)
    rnnzoo.register("decoding", "fewer", Fewer)
    made = decoding("fewer", labels=["a", "b"]) if decoding else None
    bundle = scorer(tmp_path / "b", TABLE, preprocessing=preprocessing(), decoding=made)
    predictor = OnnxPredictor(bundle)
    with pytest.raises(OwnCodeError) as error:
        predictor.predict(["abc", "zy"])
    assert message in str(error.value)
    with TestClient(create_app(predictor), base_url="http://localhost") as client:
        answer = client.post("/v2/models/handmade/predict", json={"inputs": ["abc", "zy"]})
    assert answer.status_code == 500
    assert message in answer.json()["error"]


def model_of(splits: rnnzoo.Splits) -> Any:
    return rnnzoo.build_classifier(units=3, embedding_size=3, **splits.model_arguments)


class Odd(Letters):
    """What its two methods say is set by the tests."""

    kind = "odd"
    config: Any = None
    made: Any = None

    def to_config(self) -> Any:
        return self.config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        if isinstance(cls.made, Exception):
            raise cls.made
        return cls.made


@pytest.mark.parametrize(
    ("config", "made", "message"),
    [
        ({}, None, "from_config returned None; expected the same preprocessing again. "),
        (
            {},
            KeyError("zz"),
            "from_config raised KeyError ('zz') for what to_config returned; expected the same ",
        ),
        ([1], Odd(), "to_config returned [1]; expected a mapping that JSON can hold. "),
        (
            {"a": np.int64(1)},
            Odd(),
            "to_config returned {'a': np.int64(1)} (Object of type int64 is not JSON serializable); expected ",
        ),
        (
            {"a": float("nan")},
            Odd(),
            "to_config returned {'a': nan} (Out of range float values are not JSON compliant",
        ),
    ],
)
def test_what_could_not_be_loaded_is_neither_trained_nor_written(
    config: Any, made: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rnnzoo.register("preprocessing", "odd", Odd)
    monkeypatch.setattr(Odd, "config", config)
    monkeypatch.setattr(Odd, "made", made)
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, preprocessing=Odd())
    with pytest.raises(ArgumentError) as error:
        rnnzoo.train(model_of(splits), splits, directory=tmp_path / "run", progress=False)
    assert str(error.value).startswith(f"preprocessing: Odd.{message}")
    with pytest.raises(ArgumentError) as again:
        rnnzoo_tuning.run_search("text-classifier-gru", splits, directory=tmp_path / "search", progress=False)
    assert str(again.value) == str(error.value)
    assert list(tmp_path.iterdir()) == []


class Above(Decoding):
    """A threshold that ``to_config`` forgets."""

    def __init__(self, task: str, *, threshold: float = 0.0, **arguments: Any) -> None:
        super().__init__(task, **arguments)
        self.threshold = threshold

    def answer(self, row: np.ndarray) -> dict[str, Any]:
        return {"label": self.label_names(len(row))[0], "above": float(row[0]) - self.threshold}


def test_a_decoding_that_forgets_what_changes_its_answers_is_not_bundled(tmp_path: Path) -> None:
    rnnzoo.register("decoding", "above", Above)
    rnnzoo.register("preprocessing", "letters-again", type("Again", (Letters,), {"kind": "letters-again"}))
    preprocessing = registry("preprocessing")["letters-again"]()
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, preprocessing=preprocessing)
    decoding = Above("above", labels=["a", "b", "c"], threshold=-9.0)
    with pytest.raises(BundleError) as error:
        save_bundle(
            model_of(splits),
            tmp_path / "b",
            preprocessing=preprocessing,
            decoding=decoding,
            provenance={"example": "abc"},
        )
    assert str(error.value) == (
        f"{tmp_path / 'b'}: its decoding is another when it is loaded again, so nothing was written; expected "
        "from_config to make what to_config described. Correct these two methods: to_config must hold all that changes "
        "the result."
    )
    assert list(tmp_path.iterdir()) == []


class Renamed(Letters):
    """Calls its input as no model of rnnzoo does."""

    kind = "renamed"

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return {"ids": super().batch(encoded)["tokens"]}


@pytest.mark.parametrize("example", [None, "abc"])
def test_the_only_input_of_a_model_may_have_another_name_in_the_data(example: Any, tmp_path: Path) -> None:
    rnnzoo.register("preprocessing", "renamed", Renamed)
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, preprocessing=Renamed())
    model = model_of(splits)
    rnnzoo.train(model, splits, config=rnnzoo.TrainConfig(epochs=1), progress=False)
    bundle = save_bundle(
        model,
        tmp_path / "b",
        preprocessing=Renamed(),
        decoding=splits.decoding,
        provenance={"example": example} if example else None,
    )
    assert [spec.name for spec in bundle.signature.inputs] == (["ids"] if example else ["tokens"])
    (answer,) = OnnxPredictor(bundle).predict(["abc"])
    logits = np.asarray(model(Renamed().apply(["abc"])["ids"]))
    expected = splits.get_decoding()(logits)[0]
    assert answer["probabilities"] == pytest.approx(expected["probabilities"], rel=1e-4)


def test_registering_is_done_as_a_whole_or_not_at_all() -> None:
    rnnzoo.register("decoding", "own_classes", Above)
    with pytest.raises(
        ArgumentError, match="'own_classes' for a decoding, which is one that you have registered"
    ):
        rnnzoo.register("task", "own_classes", task_with())
    assert "own_classes" not in registry("task")
    assert registry("decoding")["own_classes"] is Above
    task = task_with(decoding=Above)
    rnnzoo.register("task", "own_classes", task)
    for wrong in (7, task_with(name="other"), task_with(data_of="clasification"), task_with(data_of=["a"])):
        with pytest.raises(ArgumentError):
            rnnzoo.register("task", "own_classes", wrong, replace=True)
        assert registry("task")["own_classes"] is task
        assert registry("decoding")["own_classes"] is Above
    with pytest.raises(AttributeError):  # whatever goes wrong
        rnnzoo.register("task", "own_classes", Unequal(**vars(task)), replace=True)
    assert registry("task")["own_classes"] is task


class Unequal(rnnzoo.Task):
    """Fails when it is asked for its data."""

    def __getattribute__(self, name: str) -> Any:
        if name == "data_of":
            raise AttributeError(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("replace", [False, True])
def test_a_name_that_is_no_text_is_refused(replace: bool) -> None:
    for kind in TABLES:
        entry: Any = {"decoding": Above, "task": task_with()}.get(kind)
        with pytest.raises(ArgumentError, match="received"):
            rnnzoo.register(kind, ["own"], entry, replace=replace)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"takes": "texts"}, "unknown takes of Own: received 'texts'; did you mean 'text'? expected one of "),
        ({"writes": "letters"}, "unknown writes of Own: received 'letters'; "),
        ({"raw_graph": "nope"}, "raw_graph: received 'nope' for Own; expected the class as 'module:Class'."),
    ],
)
def test_the_fields_of_a_preprocessing_are_checked_when_it_is_registered(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError) as error:
        rnnzoo.register(
            "preprocessing", "own-letters", type("Own", (Letters,), {"kind": "own-letters", **fields})
        )
    assert str(error.value).startswith(message)
    assert "own-letters" not in registry("preprocessing")


def test_a_decoding_without_answers_is_refused() -> None:
    with pytest.raises(ArgumentError) as error:
        rnnzoo.register("decoding", "silent", type("Silent", (Decoding,), {}))
    assert str(error.value) == (
        "decoding: received Silent without answer; expected a method answer(row) or answers(outputs, lengths). Define "
        "one."
    )


def test_a_class_of_a_script_is_not_stored(tmp_path: Path) -> None:
    script = type("Script", (Letters,), {"kind": "script", "__module__": "__main__"})
    rnnzoo.register("preprocessing", "script", script)
    with pytest.raises(ArgumentError) as error:
        save_preprocessing(script(), tmp_path / "p.json")
    fix = "Put it into a module, such as my_package.py, and import that."
    assert str(error.value) == (
        "preprocessing: Script lies in __main__, which no other program can import; expected a class of a module. "
        + fix
    )
    answering = type("Answering", (Above,), {"__module__": "__main__"})
    rnnzoo.register("decoding", "answering", answering)
    with pytest.raises(ArgumentError, match="decoding: Answering lies in __main__"):
        save_decoding(answering("answering", labels=["a"]), tmp_path / "d.json")
    assert list(tmp_path.iterdir()) == []


class Forgetful(Above):
    """Stores what its own ``__init__`` does not take."""

    def to_config(self) -> dict[str, Any]:
        return {**super().to_config(), "limit": 1}


def test_a_decoding_that_could_not_be_loaded_is_not_trained_for(tmp_path: Path) -> None:
    rnnzoo.register("task", "own_classes", task_with(decoding=Forgetful))
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, task="own_classes")
    with pytest.raises(ArgumentError) as error:
        rnnzoo.train(model_of(splits), splits, directory=tmp_path / "run", progress=False)
    assert str(error.value).startswith("decoding: Forgetful could not be stored and made again (TypeError: ")
    assert str(error.value).endswith(
        "unexpected keyword argument 'limit'); expected a to_config that JSON can hold, and that its class takes as "
        "keywords. Correct one of them."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"class": "a.B; rm", "package": "a"},
            "damaged (its class is 'a.B; rm'); expected a name such as 'my_package.Own'. Write it again.",
        ),
        ({"class": "a.B", "package": "a b"}, "damaged (its package is 'a b'); expected a name such as "),
        ({"class": "a.B"}, "damaged (its package is 'None'); expected a name such as "),
        ({"class": 3, "package": []}, "damaged (its class is '3'); expected a name such as "),
        ({"kind": []}, "received the kind []; expected 1 and one of the kinds text, "),
        (
            {"class": "other.texts.Own", "package": "other"},
            "needs the preprocessing 'odd', the class other.texts.Own, which is not what is registered here: "
            "test_own_mistakes.Odd; expected the class of the file. Import other.texts, and do not import "
            "test_own_mistakes.",
        ),
        (
            {"kind": "unknown", "class": "other.texts.Own", "package": "other"},
            "needs the preprocessing 'unknown', the class other.texts.Own, which is not registered here; expected the "
            "module other.texts to be imported before. Write `import other.texts`, or run `rnnzoo serve --import "
            "other.texts`.",
        ),
    ],
)
def test_a_file_says_which_module_to_import_or_that_it_is_damaged(
    facts: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rnnzoo.register("preprocessing", "odd", Odd)
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"format_version": 1, "kind": "odd", "config": {}, **facts}))
    with pytest.raises(DataError) as error:
        load_preprocessing(path)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("given", [Letters, "letters", {"kind": "letters"}])
def test_a_preprocessing_is_passed_as_an_object(given: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        rnnzoo.Splits.from_arrays(TEXTS, LABELS, preprocessing=given)
    assert str(error.value) == (
        f"preprocessing: received {given!r}; expected an object of rnnzoo.Preprocessing. Pass an instance such as "
        "Own(), not a class, name or config."
    )


def test_an_own_task_of_classes_says_that_it_does_not_weigh_them() -> None:
    rnnzoo.register("task", "own_classes", task_with())
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, task="own_classes")
    with pytest.raises(ArgumentError) as error:
        rnnzoo.train(
            model_of(splits), splits, config=rnnzoo.TrainConfig(class_weights="balanced"), progress=False
        )
    assert str(error.value).startswith(
        "class_weights: received 'balanced' for task 'own_classes', which does not weigh classes (Task.weighs_classes)"
        "; expected one of classification, "
    )


def test_the_value_objects_of_the_readers_are_public() -> None:
    assert rnnzoo.Fractions().test_fraction == rnnzoo.Parts().test_fraction == 0.15
    assert rnnzoo.WordOptions(max_tokens=10).max_tokens == 10
    assert rnnzoo.TableFormat(label_separator=";").label_separator == ";"
