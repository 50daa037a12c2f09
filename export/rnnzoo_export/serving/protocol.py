"""The messages of the Open Inference Protocol, version 2, with JSON tensors and those of the binary extension.

Reference: https://github.com/kserve/open-inference-protocol and Triton's "binary data extension".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from rnnzoo.errors import DataError, RequestError
from rnnzoo.preprocessing.json_text import check_unique_keys
from rnnzoo_export.inference.validation import Limits, check_names, check_shape, shorten
from rnnzoo_export.serving.datatypes import DATATYPES, TEXT, datatype, datatype_of
from rnnzoo_export.serving.number_lists import read_number_lists
from rnnzoo_export.serving.parameters import PieceOf, check_keys, read_parameter, read_parameters, read_piece
from rnnzoo_export.serving.tensor_bytes import Tail, read_bytes, write_bytes
from rnnzoo_export.serving.tensor_json import read_json, write_json
from rnnzoo_export.signature import Signature, TensorSpec

MAX_ID = 256
_MAX_RANK = 8
#: How deep lists and objects may lie in each other; it is the parser's own bound.
MAX_DEPTH = 1024
# What objects of the protocol may hold. Some clients name the model in the body too.
_REQUEST_KEYS = ("id", "model_name", "model_version", "parameters", "inputs", "outputs")
_INPUT_KEYS = ("name", "shape", "datatype", "parameters", "data")
_OUTPUT_KEYS = ("name", "parameters")


@dataclass(frozen=True)
class InferRequest:
    """A parsed inference request.

    Attributes:
        inputs: Arrays by input name, not yet checked against the signature's types and values.
        outputs: The outputs wanted, in order, and whether each is to be binary.
        id: The client's own name of the request, sent back.
        model_name: The model named in the body, where one is; it must be that of the address.
        model_version: Its version, likewise.
        piece: The sequence that it is a piece of, where it is.
    """

    inputs: dict[str, np.ndarray]
    outputs: dict[str, bool]
    id: str | None
    model_name: Any = None
    model_version: Any = None
    piece: PieceOf | None = None


@dataclass(frozen=True)
class Leeway:
    """What a model lets through that others refuse.

    Attributes:
        missing: Whether ``null`` among floats is a missing value, NaN.
        uncounted: The inputs whose free axes are no steps, so that there may be any number.
    """

    missing: bool = False
    uncounted: frozenset[str] = frozenset()

    def limits(self, name: str, limits: Limits) -> Limits:
        """Returns the limits of one input."""
        return Limits(limits.max_rows) if name in self.uncounted else limits


def parse_json(body: bytes) -> dict[str, Any]:
    """Parses a JSON object without doubled keys; depth, NaN and Infinity are the parser's to refuse."""
    if not body:
        raise RequestError("body: empty; expected a JSON object. Send one.")
    try:
        message = orjson.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"body: not valid JSON ({error}); expected a JSON object.") from error
    if not isinstance(message, dict):
        raise RequestError(f"body: received a JSON {type(message).__name__}; expected an object.")
    try:
        check_unique_keys(message, body)
    except DataError as error:
        raise RequestError(f"body: {error}") from error
    return message


def parse_infer(
    body: bytes,
    header_length: str | None,
    signature: Signature,
    limits: Limits,
    *,
    leeway: Leeway | None = None,
    pieces: Signature | None = None,
) -> InferRequest:
    """Parses the body of an inference request.

    Args:
        body: The whole body: JSON, or with the binary extension JSON followed by raw tensors.
        header_length: The header ``Inference-Header-Content-Length``, the length of the JSON part.
        signature: What the model takes and gives.
        limits: The most rows and steps, which are checked before data is copied.
        leeway: What the model lets through that others refuse; by default nothing.
        pieces: What it takes and gives for a piece of a sequence; ``None`` where it takes whole sequences only.

    Returns:
        The request.

    Raises:
        RequestError: If it breaks the protocol or does not fit the signature.
    """
    if header_length is None and (inputs := read_number_lists(body, signature)) is not None:
        return InferRequest(inputs, _parse_outputs(None, False, signature), None)
    length = _json_length(header_length, len(body))
    message = parse_json(body[:length])
    tail = Tail(memoryview(body)[length:])
    check_keys("request", message, _REQUEST_KEYS)
    parameters = read_parameters("request", "request", message)
    binary, piece = bool(parameters.get("binary_data_output")), read_piece(parameters)
    if piece is not None:
        signature = _of_pieces(pieces)
    inputs = _parse_inputs(message.get("inputs"), tail, signature, limits, leeway or Leeway())
    tail.expect_end()
    return InferRequest(
        inputs,
        _parse_outputs(message.get("outputs"), binary, signature),
        parse_id(message),
        message.get("model_name"),
        message.get("model_version"),
        piece,
    )


def render_infer(
    request: InferRequest, outputs: Mapping[str, np.ndarray], model: str, version: str
) -> tuple[bytes, int | None]:
    """Renders the answer to an inference request.

    Returns:
        The body, and the length of its JSON part if raw tensors follow it, else ``None``.
    """
    tensors, raw = [], []
    for name, binary in request.outputs.items():
        array = np.ascontiguousarray(outputs[name])
        tensor: dict[str, Any] = {
            "name": name,
            "datatype": datatype_of(array),
            "shape": list(array.shape),
        }
        if binary:
            raw.append(write_bytes(array))
            tensor["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            tensor["data"] = write_json(array)
        tensors.append(tensor)
    message: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": tensors}
    if request.id is not None:
        message["id"] = request.id
    head = orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join((head, *raw)), (len(head) if raw else None)


def parse_inputs(listed: Any, signature: Signature, limits: Limits) -> dict[str, np.ndarray]:
    """Parses the inputs of a message that holds no raw tensors, as ``parse_infer`` does."""
    return _parse_inputs(listed, Tail(memoryview(b"")), signature, limits, Leeway())


def describe_values(outputs: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Returns tensors as objects of the protocol, whose data are for JSON."""
    return [
        {"name": name, "datatype": datatype_of(array), "shape": list(array.shape), "data": write_json(array)}
        for name, array in outputs.items()
    ]


def _of_pieces(pieces: Signature | None) -> Signature:
    if pieces is None:
        raise RequestError(
            "request: received sequence_id; expected whole sequences, for no streaming.onnx, which answers pieces, "
            "stands behind this model. Leave it out, or send arrays to the model's own name, exported with that file: "
            "rnnzoo export RUN --out BUNDLE --streaming"
        )
    return pieces


def _json_length(header: str | None, size: int) -> int:
    if header is None:
        return size
    if not (header.isascii() and header.isdigit() and len(header) < 16) or not 0 < int(header) <= size:
        raise RequestError(
            f"Inference-Header-Content-Length: received {shorten(header)}; expected 1 to {size}, the length of "
            "the JSON part of this body."
        )
    return int(header)


def parse_id(message: Mapping[str, Any]) -> str | None:
    """Returns the client's own name of a message, if it has one."""
    identity = message.get("id")
    if identity is not None and (not isinstance(identity, str) or len(identity) > MAX_ID):
        raise RequestError(
            f"id: received {shorten(identity)}; expected a string of at most {MAX_ID} characters."
        )
    return identity


def _parse_outputs(listed: Any, binary: bool, signature: Signature) -> dict[str, bool]:
    known = [spec.name for spec in signature.outputs]
    if listed is None or listed == []:
        return dict.fromkeys(known, binary)
    wanted: dict[str, bool] = {}
    for name, tensor in _tensors("output", listed).items():
        check_names("output", [name], known)
        check_keys(name, tensor, _OUTPUT_KEYS)
        own = read_parameter("output", name, tensor)
        wanted[name] = binary if own is None else own
    return wanted


def _parse_inputs(
    listed: Any, tail: Tail, signature: Signature, limits: Limits, leeway: Leeway
) -> dict[str, np.ndarray]:
    tensors, specs = _tensors("input", listed), signature.inputs_by_name
    check_names("input", tensors, list(specs), all_of_them=True)
    return {
        name: _parse_tensor(specs[name], tensor, tail, limits, leeway) for name, tensor in tensors.items()
    }


def _tensors(kind: str, listed: Any) -> dict[str, dict[str, Any]]:
    """Returns the objects of a list by their names."""
    if not isinstance(listed, list) or not listed:
        raise RequestError(f"{kind}s: received {shorten(listed)}; expected a list of at least one tensor.")
    named: dict[str, dict[str, Any]] = {}
    for tensor in listed:
        name = tensor.get("name") if isinstance(tensor, dict) else None
        if not isinstance(name, str):
            raise RequestError(f'{kind}s: received {shorten(tensor)}; expected objects with a "name".')
        if name in named:
            raise RequestError(f"{kind}s: received {shorten(name)} twice; expected each name once.")
        named[name] = tensor
    return named


def _parse_tensor(
    spec: TensorSpec, tensor: Mapping[str, Any], tail: Tail, limits: Limits, leeway: Leeway
) -> np.ndarray:
    check_keys(spec.name, tensor, _INPUT_KEYS)
    size = read_parameter("input", spec.name, tensor)
    kind = tensor.get("datatype")
    if not isinstance(kind, str) or kind not in DATATYPES or (kind == TEXT) != (spec.kind == "O"):
        raise RequestError(f"{spec.name}: received datatype {shorten(kind)}; expected {datatype(spec)!r}.")
    shape = _parse_shape(spec, tensor.get("shape"))
    check_shape(spec, shape, leeway.limits(spec.name, limits))
    if (size is None) == ("data" not in tensor):
        raise RequestError(f'{spec.name}: expected either "data" or the parameter "binary_data_size".')
    if size is None:
        return read_json(spec, tensor["data"], kind, shape, missing=leeway.missing)
    return read_bytes(spec, size, kind, shape, tail)


def _parse_shape(spec: TensorSpec, shape: Any) -> list[int]:
    if not isinstance(shape, list) or len(shape) > _MAX_RANK or {*map(type, shape)} - {int}:
        raise RequestError(f"{spec.name}: received shape {shorten(shape)}; expected a list of whole numbers.")
    return shape
