"""JSON schemas of what the server takes and gives, for its OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rnnzoo_export.inference.validation import Limits
from rnnzoo_export.serving.datatypes import DATATYPES, TEXT
from rnnzoo_export.serving.generate_request import LONGEST_STOP, MOST_STOPS
from rnnzoo_export.serving.protocol import MAX_ID, Leeway
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.translator_model import MOST_ALPHA

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TRUTH: Schema = {"type": "boolean"}
_SIZES: Schema = {"type": "array", "items": {"type": "integer"}}
_INTEGERS = [name for name, dtype in DATATYPES.items() if "int" in dtype]
_NUMBERS = [name for name in DATATYPES if name not in ("BOOL", TEXT)]
# What the values of a tensor may be sent as, by the type that the model takes.
_SENT_AS = {"BOOL": ["BOOL"], TEXT: [TEXT], **dict.fromkeys(_INTEGERS, _INTEGERS)}
_ELEMENTS = {"BOOL": "boolean", TEXT: "string", **dict.fromkeys(_INTEGERS, "integer")}


def record(properties: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Returns the schema of an object that holds these keys, may hold the optional ones, and no other."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


ERROR = record({"error": _TEXT})
LIVE = record({"live": _TRUTH})
READY = record({"ready": _TRUTH})
MODEL_READY = record({"name": _TEXT, "ready": _TRUTH})
SERVER = record({"name": _TEXT, "version": _TEXT, "extensions": _list_of(_TEXT)})
_OF_SEQUENCES: dict[str, Schema] = {
    "sequence_id": {"type": ["integer", "string"]},
    "sequence_start": _TRUTH,
    "sequence_end": _TRUTH,
}
METADATA: Schema = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "versions": _list_of(_TEXT),
        "platform": _TEXT,
        "inputs": _list_of(record({"name": _TEXT, "datatype": _TEXT, "shape": _SIZES})),
        "outputs": _list_of(record({"name": _TEXT, "datatype": _TEXT, "shape": _SIZES})),
        "states": _list_of({"type": "object"}),
    },
    "required": ["name", "versions", "platform"],
}
CONFIG: Schema = {
    "type": "object",
    "properties": {"name": _TEXT, "platform": _TEXT, "max_batch_size": {"type": "integer"}},
    "required": ["name", "platform", "max_batch_size", "input", "output"],
}
INDEX_REQUEST = record({}, {"ready": _TRUTH})
INDEX = _list_of(
    record({"name": _TEXT, "version": _TEXT, "state": {"enum": ["READY", "UNAVAILABLE"]}}, {"reason": _TEXT})
)


def infer_request(
    facts: Mapping[str, Any],
    version: str,
    settings: Settings,
    leeway: Leeway | None = None,
    *,
    sequences: bool = False,
) -> Schema:
    """Returns the schema of a request of tensors.

    Args:
        facts: The model's metadata, as the protocol has it.
        version: Its version.
        settings: What may be asked.
        leeway: What the model lets through that others refuse.
        sequences: Whether it may be a piece of a sequence.
    """
    parameters = {"binary_data_output": _TRUTH, **(_OF_SEQUENCES if sequences else {})}
    inputs = [_input(tensor, settings, leeway or Leeway()) for tensor in facts["inputs"]]
    least = 1 if sequences else len(inputs)  # a piece leaves out the states that the server keeps
    names = [tensor["name"] for tensor in facts["outputs"]]
    output = record({"name": {"enum": names}}, {"parameters": _parameters("binary_data", _TRUTH)})
    # One of each name: several that are equal but for their parameters are refused.
    outputs = _or_null(_list_of(output, maxItems=len(names), **({"uniqueItems": True} if names else {})))
    return record(
        {"inputs": _list_of({"oneOf": inputs}, minItems=least, maxItems=len(inputs))},
        {
            "outputs": outputs,
            "id": _or_null({"type": "string", "maxLength": MAX_ID}),
            "parameters": _or_null(record({}, parameters)),
            "model_name": {"enum": [facts["name"], None]},
            "model_version": {"enum": [version, None]},
        },
    )


def _input(tensor: Mapping[str, Any], settings: Settings, leeway: Leeway) -> Schema:
    kind = tensor["datatype"]
    missing = ["null"] if leeway.missing and kind.startswith("FP") else []
    values = _list_of({"type": [_ELEMENTS.get(kind, "number"), *missing, "array"]}, minItems=1)
    limits = leeway.limits(tensor["name"], settings.limits)
    head = {
        "name": {"const": tensor["name"]},
        "shape": _shape(tensor["shape"], limits),
        "datatype": {"enum": _SENT_AS.get(kind, _NUMBERS)},
    }
    return record({**head, "data": values}, {"parameters": {"enum": [None, {}]}})


def _shape(sizes: Sequence[int], limits: Limits) -> Schema:
    most = [limits.max_rows, *[limits.max_steps] * (len(sizes) - 1)]
    entries = [
        {"const": size} if size >= 0 else _size(limit) for size, limit in zip(sizes, most, strict=True)
    ]
    return {"type": "array", "prefixItems": entries, "minItems": len(sizes), "maxItems": len(sizes)}


def _size(most: int | None) -> Schema:
    return {"type": "integer", "minimum": 1, **({} if most is None else {"maximum": most})}


def _parameters(name: str, schema: Schema) -> Schema:
    return _or_null(record({}, {name: schema}))


def infer_answer(facts: Mapping[str, Any]) -> Schema:
    """Returns the schema of an answer of tensors."""
    size = record({"binary_data_size": {"type": "integer"}})
    head = {
        "name": {"enum": [tensor["name"] for tensor in facts["outputs"]]},
        "datatype": _TEXT,
        "shape": _SIZES,
    }
    return record(
        {
            "model_name": _TEXT,
            "model_version": _TEXT,
            "outputs": _list_of(record(head, {"data": {"type": "array"}, "parameters": size})),
        },
        {"id": _TEXT},
    )


def predict_request(settings: Settings) -> Schema:
    """Returns the schema of a request of raw rows."""
    rows = {
        **_list_of({}, minItems=1, maxItems=settings.max_rows),
        "description": "One element for each row, as the preprocessing of the bundle reads it.",
    }
    return record({"inputs": rows})


def translate_request(settings: Settings) -> Schema:
    """Returns the schema of a request of texts to translate."""
    parameters = {
        "beams": _or_null(_count(settings.max_beams)),
        "alpha": _or_null({"type": "number", "minimum": 0, "maximum": MOST_ALPHA}),
        "max_length": _or_null(_count(settings.max_new_tokens)),
    }
    texts = _list_of(_TEXT, minItems=1, maxItems=settings.max_rows)
    return record({"inputs": texts}, {"parameters": _or_null(record({}, parameters))})


def generate_request(settings: Settings, *, streamed: bool) -> Schema:
    """Returns the schema of a request for a text that a language model writes on."""
    stop = {**_TEXT, "minLength": 1, "maxLength": LONGEST_STOP}
    kinds: dict[str, Schema] = {
        "max_tokens": _count(settings.max_new_tokens),
        "temperature": {"type": "number", "minimum": 0},
        "top_k": {"type": "integer", "minimum": 1},
        "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "stop": _list_of(stop, maxItems=MOST_STOPS),
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "stream": {"const": streamed},
    }
    parameters = {name: _or_null(schema) for name, schema in kinds.items()}
    return record(
        {"text_input": {**_TEXT, "minLength": 1}},
        {"parameters": _or_null(record({}, parameters)), **parameters},
    )


def _count(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


GENERATE_ANSWER = record(
    {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "text_output": _TEXT,
        "finish_reason": {"enum": ["length", "stop"]},
        "tokens": {"type": "integer"},
        "seed": {"type": "integer"},
    }
)
# The data hold the next piece of the text, or an error.
GENERATE_EVENT: Schema = {
    "type": "object",
    "properties": {"data": {**_TEXT, "contentMediaType": "application/json"}},
    "required": ["data"],
}
PREDICT_ANSWER = record(
    {"model_name": _TEXT, "model_version": _TEXT, "answers": _list_of({"type": "object"})}
)
