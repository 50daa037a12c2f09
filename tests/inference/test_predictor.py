"""Truth of ``rnnzoo_export.inference.predictor``: answers of a file whose every number is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from handmade_bundles import scorer
from rnnzoo.decoding import Decoding
from rnnzoo.errors import BundleError, RequestError
from rnnzoo.preprocessing import TokenPreprocessing
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.bundle import write_manifest

WORDS = TokenPreprocessing(["", "[UNK]", "good", "bad"])
# log of 3 to 1 for the one class, or the other; an unknown word says nothing.
TABLE = np.array([[9.0, 9.0], [0.0, 0.0], [np.log(3.0), 0.0], [0.0, np.log(3.0)]])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    decoding = Decoding("classification", labels=["up", "down"])
    return scorer(tmp_path / "b", TABLE, preprocessing=WORDS, decoding=decoding)


def test_answers_are_those_of_the_table_in_the_order_asked(bundle: Path) -> None:
    answers = OnnxPredictor(bundle).predict(["bad", "good good", "good bad nothing", "good"], batch_size=2)
    assert [answer["label"] for answer in answers] == ["down", "up", "up", "up"]
    shares = [answer["probabilities"]["up"] for answer in answers]
    np.testing.assert_allclose(shares, [0.25, 0.75, 0.5, 0.75], rtol=1e-6)


def test_without_a_decoding_the_outputs_are_the_answer(tmp_path: Path) -> None:
    (answer,) = OnnxPredictor(scorer(tmp_path / "b", TABLE, preprocessing=WORDS)).predict(["good"])
    np.testing.assert_allclose(answer["logits"], [np.log(3.0), 0.0], rtol=1e-6)


def test_without_a_preprocessing_only_arrays_are_taken(tmp_path: Path) -> None:
    predictor = OnnxPredictor(scorer(tmp_path / "b", TABLE))
    found = predictor.run({"tokens": [[2, 0]]}, outputs=["logits"])
    np.testing.assert_allclose(found["logits"], [[np.log(3.0), 0.0]], rtol=1e-6)
    with pytest.raises(RequestError, match=r"no preprocessing; expected arrays\. Use run\(\) with tokens\."):
        predictor.predict(["good"])
    with pytest.raises(RequestError, match=r"no preprocessing; expected arrays\. Use run\(\)\."):
        predictor.collate([])


def test_rows_may_be_run_together_where_their_number_is_free(bundle: Path) -> None:
    assert OnnxPredictor(bundle).rows_are_free


def test_long_rows_are_refused_before_they_are_padded(bundle: Path) -> None:
    predictor = OnnxPredictor(bundle, max_steps=2)
    assert len(predictor.predict(["good bad"])) == 1
    with pytest.raises(
        RequestError, match=r"row 1: received 3 steps; expected at most 2\. Cut it\."
    ) as caught:
        predictor.predict(["good", "good bad good"])
    assert caught.value.status == 413


def test_padding_alone_is_refused(bundle: Path) -> None:
    with pytest.raises(RequestError, match=r"tokens: row 1 is padding alone; expected at least one step"):
        OnnxPredictor(bundle).run({"tokens": [[2, 3], [0, 0]]})


def test_an_answer_that_is_not_finite_is_the_models_fault(tmp_path: Path) -> None:
    predictor = OnnxPredictor(scorer(tmp_path / "b", TABLE))  # 0 words over 0 words
    with pytest.raises(RequestError, match="logits: the model answered a value that is not finite") as caught:
        predictor.run({"tokens": [[0, 0]]})
    assert caught.value.status == 500


def test_what_onnxruntime_refuses_is_said_without_its_words(
    bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RequestError, match="the model cannot process these values") as caught:
        OnnxPredictor(bundle).run({"tokens": [[99]]})  # a row that the table does not have
    assert caught.value.status in (400, 500)
    assert "Gather" in caplog.text
    assert "Gather" not in str(caught.value)


def test_a_file_that_is_none_is_refused(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"nothing")
    write_manifest(bundle)
    with pytest.raises(
        BundleError, match=r"model\.onnx: onnxruntime .* cannot load it .*Upgrade onnxruntime"
    ):
        OnnxPredictor(bundle)


def test_a_file_of_other_names_than_its_signature_is_refused(bundle: Path) -> None:
    signature = bundle / "signature.json"
    signature.write_text(signature.read_text().replace('"logits"', '"scores"'))
    write_manifest(bundle)
    with pytest.raises(BundleError, match=r"its outputs are \['logits'\]; the signature says \['scores'\]"):
        OnnxPredictor(bundle)
