"""Truth of ``rnnzoo_export.deployment.bundle_writer``: bundles: whole, sealed, and of any Keras model."""

# mypy: disable-error-code="union-attr, index"

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, load_model, train
from rnnzoo.errors import (
    AccuracyError,
    ArgumentError,
    BundleError,
    ParityError,
    PathExistsError,
    PathNotFoundError,
    UnsupportedLayerError,
)
from rnnzoo.preprocessing import Preprocessing, TextPreprocessing, load_preprocessing
from rnnzoo.preprocessing.kinds import PREPROCESSINGS
from rnnzoo_export import OnnxPredictor, StreamingPredictor, export_onnx, load_bundle, save_bundle
from rnnzoo_export.bundle import write_manifest

FILES = [
    "decoding.json",
    "manifest.json",
    "model.onnx",
    "parity.json",
    "preprocessing.json",
    "provenance.json",
    "saved_model/1/saved_model.pb",
    "signature.json",
]


def test_it_holds_all_that_is_needed(digits_bundle: Path) -> None:
    bundle = load_bundle(digits_bundle)
    listed = {
        path.relative_to(digits_bundle).as_posix() for path in digits_bundle.rglob("*") if path.is_file()
    }
    assert set(FILES) <= listed
    assert bundle.name == "series-classifier-gru"
    assert [spec.name for spec in bundle.signature.inputs] == ["features"]
    assert bundle.signature.outputs[0].shape == (None, 10)
    assert bundle.decoding is not None
    assert bundle.decoding.labels == [str(digit) for digit in range(10)]
    facts = bundle.provenance
    assert facts["task"] == "classification"
    assert facts["metrics"]["test"]["accuracy"] > 0.5
    assert facts["train_config"]["seed"] == 3
    assert len(facts["data"]["checksum"]) == 64
    assert {"rnnzoo", "tensorflow", "keras", "onnxruntime", "python"} <= set(facts["versions"])
    assert bundle.parity["model.onnx"]["operators"]["GRU"] == 1
    assert bundle.parity["model.onnx"]["max_difference"] <= 1e-5
    assert bundle.parity["saved_model/1"]["max_difference"] <= 1e-5


@pytest.mark.parametrize("name", [*FILES, "saved_model/1/variables/variables.data-00000-of-00001"])
def test_one_flipped_bit_anywhere_is_found(name: str, digits_bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(digits_bundle, tmp_path / "copy")
    content = bytearray((copy / name).read_bytes())
    rng = np.random.default_rng(len(content))
    for place in rng.integers(0, len(content), 5):
        content[place] ^= 1 << int(rng.integers(8))
        (copy / name).write_bytes(content)
        with pytest.raises(BundleError, match=r"altered|differs|format"):
            load_bundle(copy)
    with pytest.raises(BundleError):
        OnnxPredictor(copy)


def spoil_missing(bundle: Path) -> None:
    (bundle / "model.onnx").unlink()


def spoil_added(bundle: Path) -> None:
    (bundle / "extra.txt").write_text("hello")


def spoil_link(bundle: Path) -> None:
    (bundle / "model.onnx").rename(bundle.parent / "elsewhere.onnx")
    (bundle / "model.onnx").symlink_to(bundle.parent / "elsewhere.onnx")


def spoil_version(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**manifest, "format_version": 2}))


def spoil_path(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"]["../outside"] = {"sha256": "0" * 64, "bytes": 0}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def spoil_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()


def spoil_required(bundle: Path) -> None:
    (bundle / "signature.json").unlink()
    write_manifest(bundle)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_missing, "model.onnx: missing; the manifest lists it"),
        (spoil_added, "extra.txt: not listed in the manifest"),
        (spoil_link, "model.onnx: a link or special file"),
        (spoil_version, "received bundle format 2; expected at most 1. Upgrade rnnzoo"),
        (spoil_path, "altered"),
        (spoil_manifest, "no such file; expected the manifest of a bundle"),
        (spoil_required, "signature.json: not in the manifest"),
    ],
)
def test_a_spoiled_bundle_says_what_is_wrong(
    spoil: Callable[[Path], None], message: str, digits_bundle: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(digits_bundle, tmp_path / "copy")
    spoil(copy)
    with pytest.raises(BundleError, match=message):
        load_bundle(copy)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    with pytest.raises(PathNotFoundError, match="no such directory; expected a bundle"):
        load_bundle(tmp_path / "nothing")


def own_model() -> keras.Model:
    inputs = keras.Input((8, 8), name="whatever")
    x = keras.layers.GRU(8, name="mine")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10, name="scores")(x), name="own")


def test_a_users_own_model_goes_the_whole_way(tmp_path: Path) -> None:
    splits, model = load_dataset("digits"), own_model()
    result = train(model, splits, config=TrainConfig(epochs=2), progress=False)
    inputs, _, _ = splits.rows("test").gather(range(9))
    bundle = save_bundle(
        model,
        tmp_path / "bundle",
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task=splits.task,
        metrics=result.metrics,
        provenance={"example": splits.test.raw[0].tolist()},
        parity_inputs=inputs,
    )
    assert [spec.name for spec in bundle.signature.inputs] == ["features"]
    answers = OnnxPredictor(bundle).predict(splits.test.raw[:9])
    logits = np.asarray(model(inputs["features"]))
    assert [a["label"] for a in answers] == [str(row.argmax()) for row in logits]


def test_a_plain_sequential_model_without_anything(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3)], name="plain")
    predictor = OnnxPredictor(save_bundle(model, tmp_path / "bundle"))
    (spec,) = predictor.signature.inputs
    x = np.ones((2, 4, 2), np.float32)
    outputs = predictor.run({spec.name: x})
    np.testing.assert_allclose(next(iter(outputs.values())), model(x), rtol=1e-5, atol=1e-6)


def test_nothing_is_left_where_an_export_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = own_model()
    save_bundle(model, tmp_path / "bundle")
    before = load_bundle(tmp_path / "bundle").sha256
    with pytest.raises(PathExistsError, match="not empty"):
        save_bundle(model, tmp_path / "bundle")

    def differs(*_: Any, **__: Any) -> Any:
        raise ParityError("the file differs")

    monkeypatch.setattr("rnnzoo_export.parity.proof.compare", differs)
    with pytest.raises(ParityError):
        save_bundle(model, tmp_path / "bundle", overwrite=True)
    assert load_bundle(tmp_path / "bundle").sha256 == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_preprocessing_of_another_model_is_refused(tmp_path: Path) -> None:
    splits = Splits.from_arrays(["a b", "c d"] * 20, ["x", "y"] * 20)
    with pytest.raises(ArgumentError, match=r"makes the inputs \['tokens'\]; the model takes \['whatever'\]"):
        save_bundle(
            own_model(),
            tmp_path / "bundle",
            preprocessing=splits.preprocessing,
            provenance={"example": "a b"},
        )


class Own(Preprocessing):
    """A user's own."""

    kind = "own"

    def encode(self, raw: Any) -> list[np.ndarray]:
        return [np.asarray(row, np.float32) for row in raw]

    def batch(self, encoded: Any) -> dict[str, np.ndarray]:
        return {"features": np.stack(encoded)}

    def to_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Any) -> Own:
        return cls()


class LikeTexts(TextPreprocessing):
    """Has the kind of another, as which it would be loaded."""


@pytest.mark.parametrize(
    ("preprocessing", "kind", "fix"),
    [
        (Own(), "'own'", "Call rnnzoo.register('preprocessing', 'own', Own) first."),
        (
            LikeTexts(["", "[UNK]", "a"]),
            "'text'",
            "Give the class the kind 'own' and call rnnzoo.register('preprocessing', 'own', LikeTexts) first.",
        ),
        ("text", "None", "Leave it out, and give the model the arrays that it makes."),
    ],
)
def test_a_preprocessing_that_could_not_be_loaded_is_refused_and_the_advice_works(
    preprocessing: Any, kind: str, fix: str, tmp_path: Path
) -> None:
    model = keras.Sequential([keras.Input((None, 2), name="features"), keras.layers.GRU(3)], name="plain")
    with pytest.raises(ArgumentError) as caught:
        save_bundle(model, tmp_path / "bundle", preprocessing=preprocessing)
    assert str(caught.value) == (
        f"preprocessing: received {type(preprocessing).__name__} of the kind {kind}, which could not be loaded again; "
        f"expected one that is registered, of the kinds {', '.join(PREPROCESSINGS)}. {fix}"
    )
    assert list(tmp_path.iterdir()) == []
    if isinstance(preprocessing, Own):
        arrays = preprocessing.apply(np.ones((2, 4, 2)))
        predictor = OnnxPredictor(save_bundle(model, tmp_path / "bundle"))
        np.testing.assert_allclose(
            next(iter(predictor.run(arrays).values())), model(arrays["features"]), atol=1e-5
        )


def test_splits_of_an_own_preprocessing_do_not_say_what_a_model_takes() -> None:
    x = np.random.default_rng(0).normal(size=(40, 4, 2)).astype(np.float32)
    splits = Splits.from_arrays(x, ["a", "b"] * 20, preprocessing=Own())
    with pytest.raises(ArgumentError) as caught:
        _ = splits.model_arguments
    assert str(caught.value) == (
        "preprocessing: received Own, which does not say what a model takes; expected one with model_arguments. "
        "Define that property, or pass the arguments yourself, such as create_model(name, num_features=8, "
        "num_classes=2)."
    )
    model = create_model("series-classifier-gru", num_features=2, num_classes=2, units=(4,))
    assert np.asarray(model(splits.rows("train").gather([0, 1, 2])[0]["features"])).shape == (3, 2)


def test_a_bundle_that_cannot_be_loaded_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = Splits.from_arrays(["a b", "c d"] * 20, ["x", "y"] * 20)
    model = create_model("text-classifier-gru", units=(4,), **splits.model_arguments)
    monkeypatch.setattr(type(splits.preprocessing), "to_config", lambda self: {"nothing": 1})
    target = tmp_path / "bundle"
    with pytest.raises(BundleError) as caught:
        save_bundle(model, target, preprocessing=splits.preprocessing)
    assert str(caught.value).startswith(
        f"{target}: could not be loaded again, so nothing was written. {target / 'preprocessing.json'}: damaged ("
    )
    assert list(tmp_path.iterdir()) == []


def test_a_loop_is_accepted_in_a_bundle_that_asks_for_it(tmp_path: Path) -> None:
    gelu = keras.layers.GRU(3, activation="gelu", name="slow")
    model = keras.Sequential([keras.Input((None, 2), name="x"), gelu], name="text-classifier-gru")
    with pytest.raises(UnsupportedLayerError, match=r"layer 'slow': .* pass strict=False"):
        save_bundle(model, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []
    bundle = save_bundle(model, tmp_path / "bundle", strict=False, also=["streaming"])
    assert bundle.parity["model.onnx"]["loops"] == bundle.parity["streaming.onnx"]["loops"] == ["slow"]


def test_a_smaller_file_that_is_refused_leaves_no_bundle(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 16), name="x")
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.LSTM(32)(inputs)))
    x = np.random.default_rng(0).normal(size=(40, 6, 16)).astype(np.float32)
    x[7] *= 100
    arguments: dict[str, Any] = {
        "task": "classification",
        "quantization_data": [({"x": x}, np.asarray(model(x)).argmax(-1))],
    }
    with pytest.raises(
        AccuracyError, match=r"^quantized\.onnx: dynamic_int8 .* Try another method|weights_int8"
    ):
        save_bundle(model, tmp_path / "bundle", also=["dynamic_int8"], **arguments)
    assert list(tmp_path.iterdir()) == []
    bundle = save_bundle(model, tmp_path / "bundle", also=["weights_int8"], **arguments)
    assert bundle.parity["quantized.onnx"]["max_change"] is None
    arguments["quantization_data"] = [({"x": x[:7]}, np.asarray(model(x[:7])).argmax(-1))]
    bundle = save_bundle(model, tmp_path / "quiet", also=["dynamic_int8"], **arguments)
    facts = bundle.parity["quantized.onnx"]
    assert 0 < facts["max_change"] == facts["changes"]["beside"] <= 0.01


def test_export_onnx_and_bundle_write_the_same_graph(
    digits_bundle: Path, digits_run: Path, tmp_path: Path
) -> None:
    model = load_model(digits_run / "model.keras")
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert dict(report.operators) == load_bundle(digits_bundle).parity["model.onnx"]["operators"]


ALSO = {"streaming": "streaming.onnx", "raw": "raw.onnx", "weights_int8": "quantized.onnx"}


@pytest.fixture(scope="module")
def full_bundle(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("full") / "bundle"
    save_bundle(
        load_model(digits_run / "model.keras"),
        path,
        preprocessing=load_preprocessing(digits_run / "preprocessing.json"),
        task="classification",
        also=list(ALSO),
        quantization_data=load_dataset("digits").validation,
    )
    return path


def test_further_files_are_proved_and_sealed(full_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(full_bundle)
    assert set(bundle.parity) == {"model.onnx", "saved_model/1", *ALSO.values()}
    for name in ("streaming.onnx", "raw.onnx"):
        assert bundle.parity[name]["max_difference"] <= 1e-4
    assert bundle.parity["streaming.onnx"]["states"][0]["input"] == "gru_1_h"
    assert bundle.parity["quantized.onnx"]["drop"] <= 0.3
    assert bundle.quantized_path.stat().st_size < 0.5 * bundle.onnx_path.stat().st_size
    for name in ALSO.values():
        copy = shutil.copytree(full_bundle, tmp_path / name)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        with pytest.raises(BundleError, match=f"{name}: its content differs"):
            load_bundle(copy)


def test_further_files_answer_as_the_bundle_does(full_bundle: Path) -> None:
    splits = load_dataset("digits")
    arrays = next(iter(splits.test.batches(4)))[0]
    features = np.asarray(arrays["features"])
    expected = OnnxPredictor(full_bundle).run({"features": features})["logits"]
    streaming = StreamingPredictor(full_bundle)
    session = streaming.open()
    for first, end in ((0, 3), (3, features.shape[1])):
        answer = streaming.step(session, {"features": features[0, first:end]})["logits"]
    np.testing.assert_allclose(answer, expected[0], rtol=1e-5, atol=1e-5)
    made = load_bundle(full_bundle).preprocessing
    raw = onnxruntime.InferenceSession(full_bundle / "raw.onnx", providers=["CPUExecutionProvider"])
    (found,) = raw.run(None, {"series": features * made.scale + made.mean})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_bundle_without_a_streaming_file_says_so(digits_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"holds no streaming file; expected one. Export the model again"):
        StreamingPredictor(digits_bundle)


@pytest.mark.parametrize(
    ("also", "message"),
    [
        (["int8"], "unknown file in also: received 'int8'; did you mean 'weights_int8'"),
        (["weights_int8"], "also: received weights_int8 alone; expected quantization_data and task with it"),
        (["weights_int8", "float16"], "also: received weights_int8 and float16; expected one method"),
        (["raw"], "also: received raw, and NoneType as preprocessing; expected one of rnnzoo's"),
    ],
)
def test_impossible_files_are_refused_at_once(also: list[str], message: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 2), name="x"), keras.layers.GRU(2)])
    with pytest.raises(ArgumentError, match=message):
        save_bundle(model, tmp_path / "bundle", also=also)
    assert list(tmp_path.iterdir()) == []
