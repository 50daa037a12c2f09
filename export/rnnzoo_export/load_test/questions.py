"""What a load test asks: a body made for the model's inputs, or one of the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson

from rnnzoo.errors import ArgumentError, RunError, UnknownNameError, listed, one_line
from rnnzoo_export.load_test.target import Target

_TYPES = {
    "BOOL": "?",
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}
_SEED = 0
_INFER, _PREDICT = "infer", "predict"
# In which other ways a server offers a model, beside its name: NAME-raw, NAME-streaming.
_OTHER_WAYS = ("raw", "streaming")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large the inputs are that are made where the model leaves it free.

    Attributes:
        rows: Rows of a request.
        steps: Steps of a row.
    """

    rows: int = 1
    steps: int = 32


@dataclass(frozen=True)
class Question:
    """A request that is made over and over.

    Attributes:
        path: Where it goes.
        body: Its body.
        headers: What it needs besides.
        inputs: The arrays in it, by input name, where they are known.
        raw: The raw rows in it, where it has such.
    """

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, np.ndarray] | None = None
    raw: Sequence[Any] | None = None


def find_model(target: Target, name: str | None = None) -> str:
    """Returns the name of the model to ask: the one wanted, or the only one of the server.

    Raises:
        UnknownNameError: If the server does not have it.
        ArgumentError: If none is wanted and there are several.
        RunError: If the server does not say which models it has.
    """
    if name is not None:
        return name
    known = known_models(target)
    others = {f"{model}-{way}" for model in known for way in _OTHER_WAYS}
    own = [model for model in known if model not in others]
    if len(own) == 1:
        return own[0]
    raise ArgumentError(
        f"--model: received none, and {target.url} has {len(known)} models ({listed(known) or 'none yet'}); expected "
        "one of them. Pass --model NAME."
    )


def known_models(target: Target) -> list[str]:
    """Returns the names of the models that a server has.

    Raises:
        RunError: If it does not say.
    """
    status, body = target.ask("POST", "/v2/repository/index", b"{}")
    try:
        names = [str(row["name"]) for row in orjson.loads(body)] if status == 200 else None
    except (ValueError, TypeError, KeyError):
        names = None
    if names is None:
        raise RunError(
            f"{target.url}: does not say which models it has (status {status}: {_text(body)}); expected a list of "
            "them. Pass --model NAME, or the address of a server of the Open Inference Protocol."
        )
    return sorted(set(names))


def read_metadata(target: Target, model: str) -> dict[str, Any]:
    """Returns what a server says of a model.

    Raises:
        UnknownNameError: If the server does not have it.
        RunError: If it says nothing that can be read.
    """
    status, body = target.ask("GET", _model_path(model))
    if status == 404:
        raise UnknownNameError("served model", model, known_models(target))
    try:
        facts = orjson.loads(body)
    except ValueError:
        facts = None
    if status != 200 or not isinstance(facts, dict) or not isinstance(facts.get("inputs"), list):
        raise RunError(
            f"{target.url}: no metadata of {model} (status {status}: {_text(body)}); expected its inputs. Check the "
            "address."
        )
    return facts


def tensors_question(metadata: Mapping[str, Any], shape: Shape, *, binary: bool = False) -> Question:
    """Makes an inference request of random numbers, always the same; ids are 1 and masks true.

    Args:
        metadata: What the server says of the model.
        shape: How large free axes are: the first is that of the rows, the second that of the steps.
        binary: Whether tensors are sent and answered as bytes behind the JSON.

    Raises:
        ArgumentError: If an input takes texts.

    Example:
        >>> features = {"name": "x", "datatype": "FP32", "shape": [-1, -1, 2]}
        >>> question = tensors_question({"name": "m", "inputs": [features]}, Shape(rows=3, steps=5))
        >>> question.path, question.inputs["x"].shape
        ('/v2/models/m/infer', (3, 5, 2))
    """
    rng = np.random.default_rng(_SEED)
    arrays = {spec["name"]: _array(spec, shape, rng) for spec in metadata["inputs"]}
    tensors: list[dict[str, Any]] = []
    for spec in metadata["inputs"]:
        array = arrays[spec["name"]]
        tensor = {"name": spec["name"], "datatype": spec["datatype"], "shape": list(array.shape)}
        content = (
            {"parameters": {"binary_data_size": array.nbytes}} if binary else {"data": array.ravel().tolist()}
        )
        tensors.append({**tensor, **content})
    message: dict[str, Any] = {"inputs": tensors}
    path = _model_path(str(metadata["name"]), _INFER)
    if not binary:
        return Question(path, json.dumps(message).encode(), inputs=arrays)
    head = orjson.dumps({**message, "parameters": {"binary_data_output": True}})
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    body = b"".join((head, *(array.tobytes() for array in arrays.values())))
    return Question(path, body, headers, inputs=arrays)


def raw_question(model: str, row: Any, rows: int = 1) -> Question:
    """Makes a request of one raw input, so many times."""
    raw = [row] * rows
    body = json.dumps({"inputs": raw}, ensure_ascii=False).encode()
    return Question(_model_path(model, _PREDICT), body, raw=raw)


def own_question(model: str, body: bytes, *, predict: bool = False) -> Question:
    """Makes a request of a body of the user's own."""
    raw = None
    if predict:
        try:
            found = orjson.loads(body)
            raw = found["inputs"]
        except (ValueError, TypeError, KeyError) as error:
            raise ArgumentError(
                f'--body: not what predict takes ({one_line(error)}); expected JSON. Write {{"inputs": [a raw input]}}.'
            ) from error
    return Question(_model_path(model, _PREDICT if predict else _INFER), body, raw=raw)


def check_question(target: Target, question: Question) -> None:
    """Asks once.

    Raises:
        RunError: If the answer has another status than 200.
    """
    status, body = target.ask("POST", question.path, question.body, question.headers)
    if status != 200:
        raise RunError(
            f"{target.url}{question.path}: answered {status}: {_text(body)} Expected 200 before load is put on it. "
            "Change the request."
        )


def _model_path(model: str, *parts: str) -> str:
    return "/".join(("/v2/models", quote(model, safe=""), *parts))


def _array(spec: Mapping[str, Any], shape: Shape, rng: np.random.Generator) -> np.ndarray:
    if spec["datatype"] not in _TYPES:
        raise ArgumentError(
            f"{spec['name']}: is {spec['datatype']}, which no number can be made for; expected a model of tensors. "
            "Pass --predict, or --body FILE."
        )
    free = (shape.rows, shape.steps)
    sizes = [
        size if size >= 0 else (free[axis] if axis < 2 else 1) for axis, size in enumerate(spec["shape"])
    ]
    dtype = np.dtype(_TYPES[spec["datatype"]])
    if dtype.kind != "f" or spec["name"] == "mask":
        return np.ones(sizes, dtype)
    return rng.normal(size=sizes).round(3).astype(dtype)


def _text(body: bytes, most: int = 300) -> str:
    """Returns an error in words, in one line."""
    try:
        found = orjson.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        found = body.decode(errors="replace")
    text = " ".join(str(found).split()) or "nothing"
    return text if len(text) <= most else text[:most] + "..."
