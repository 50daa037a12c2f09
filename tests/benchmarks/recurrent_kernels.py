"""Times onnxruntime's LSTM and GRU operators against a Scan of the same arithmetic, and its matrix products alone.

    python tests/benchmarks/recurrent_kernels.py

One layer of 128 units reads 100 steps of 128 features, one thread, float32; the calls take turns. "Products" are the
matrix products of a layer and nothing else: no kernel can take less. ``results/recurrent_kernels.csv`` holds times as
multiples of the operator's.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from timing import medians, session
from zoo import machine, write_rows

RESULTS = Path(__file__).parent / "results" / "recurrent_kernels.csv"
STEPS, UNITS = 100, 128
ROWS = (1, 8, 32, 128)
GATES = {"LSTM": 4, "GRU": 3}


def operator(cell: str, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The layer as one operator."""
    recurrent = {
        "w": weights["w"].T[None],
        "r": weights["r"].T[None],
        "b": np.zeros((1, 2 * GATES[cell] * UNITS), np.float32),
    }
    options: dict[str, Any] = {"linear_before_reset": 1} if cell == "GRU" else {}
    nodes = [helper.make_node(cell, ["x", "w", "r", "b"], ["y"], hidden_size=UNITS, **options)]
    return model(nodes, recurrent, "y", 4)


def scan(cell: str, weights: dict[str, np.ndarray], *, products_only: bool = False) -> onnx.ModelProto:
    """The layer as a product for all steps and a ``Scan`` of one step."""
    step = products(cell) if products_only else STEP[cell]
    states = ["h", "c"] if cell == "LSTM" and not products_only else ["h"]
    values = [
        *(tensor(name, [None, UNITS]) for name in states),
        tensor("a", [None, GATES[cell] * UNITS]),
    ]
    made = [*(tensor(f"{name}_new", [None, UNITS]) for name in states), tensor("out", [None, UNITS])]
    body = helper.make_graph([helper.make_node(*node[:3], **node[3]) for node in step], "step", values, made)
    zero = {name: np.zeros((1, 1), np.float32) for name in states}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["all"]),
        helper.make_node("Shape", ["x"], ["rows"], start=1, end=2),
        helper.make_node("Concat", ["rows", "units"], ["size"], axis=0),
        *(helper.make_node("Expand", [f"{name}_zero", "size"], [f"{name}_first"]) for name in states),
        helper.make_node(
            "Scan",
            [*(f"{name}_first" for name in states), "all"],
            [*(f"{name}_last" for name in states), "y"],
            body=body,
            num_scan_inputs=1,
        ),
    ]
    constants = {
        "w": weights["w"],
        "r": weights["r"],
        "units": np.array([UNITS], np.int64),
        "third": np.array([UNITS] * GATES[cell], np.int64),
        "two": np.array([2 * UNITS, UNITS], np.int64),
        **{f"{name}_zero": value for name, value in zero.items()},
    }
    return model(nodes, constants, "y", 3)


Node = tuple[str, list[str], list[str], dict[str, Any]]
STEP: dict[str, list[Node]] = {
    "LSTM": [
        ("MatMul", ["h", "r"], ["p"], {}),
        ("Add", ["a", "p"], ["g"], {}),
        ("Split", ["g", "third"], ["i", "o", "f", "n"], {"axis": 1}),
        *((("Sigmoid", [name], [f"s{name}"], {})) for name in "iof"),
        ("Tanh", ["n"], ["tn"], {}),
        ("Mul", ["sf", "c"], ["fc"], {}),
        ("Mul", ["si", "tn"], ["in"], {}),
        ("Add", ["fc", "in"], ["c_new"], {}),
        ("Tanh", ["c_new"], ["tc"], {}),
        ("Mul", ["so", "tc"], ["h_new"], {}),
        ("Identity", ["h_new"], ["out"], {}),
    ],
    "GRU": [
        ("MatMul", ["h", "r"], ["p"], {}),
        ("Split", ["p", "two"], ["pzr", "pn"], {"axis": 1}),
        ("Split", ["a", "two"], ["azr", "an"], {"axis": 1}),
        ("Add", ["azr", "pzr"], ["zr"], {}),
        ("Sigmoid", ["zr"], ["szr"], {}),
        ("Split", ["szr"], ["z", "s"], {"axis": 1, "num_outputs": 2}),
        ("Mul", ["s", "pn"], ["sn"], {}),
        ("Add", ["an", "sn"], ["n"], {}),
        ("Tanh", ["n"], ["tn"], {}),
        ("Sub", ["h", "tn"], ["d"], {}),
        ("Mul", ["z", "d"], ["zd"], {}),
        ("Add", ["tn", "zd"], ["h_new"], {}),
        ("Identity", ["h_new"], ["out"], {}),
    ],
}


def products(cell: str) -> list[Node]:
    """One step that multiplies by the recurrent weights and keeps a part of the answer."""
    parts = ["h_new", *(f"rest{i}" for i in range(GATES[cell] - 1))]
    return [
        ("MatMul", ["h", "r"], ["p"], {}),
        ("Split", ["p", "third"], parts, {"axis": 1}),
        ("Identity", ["h_new"], ["out"], {}),
    ]


def tensor(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def model(nodes: list[Any], constants: dict[str, np.ndarray], output: str, rank: int) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(
        nodes,
        "layer",
        [tensor("x", [STEPS, None, UNITS])],
        [tensor(output, [None] * rank)],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def measured(cell: str, folder: Path) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    shape = (UNITS, GATES[cell] * UNITS)
    weights = {name: (rng.normal(size=shape) / UNITS**0.5).astype(np.float32) for name in ("w", "r")}
    forms = {
        "operator": operator(cell, weights),
        "scan": scan(cell, weights),
        "products": scan(cell, weights, products_only=True),
    }
    for name, proto in forms.items():
        onnx.save(proto, folder / f"{cell}-{name}.onnx")
    sessions = {name: session(folder / f"{cell}-{name}.onnx") for name in forms}
    rows = []
    for count in ROWS:
        x = rng.normal(size=(STEPS, count, UNITS)).astype(np.float32)
        answer, other = (np.squeeze(sessions[name].run(None, {"x": x})[0]) for name in ("operator", "scan"))
        np.testing.assert_allclose(answer, other, atol=1e-4)
        seconds = medians({name: partial(run.run, None, {"x": x}) for name, run in sessions.items()})
        rows.append(
            {
                "cell": cell,
                "rows": count,
                "milliseconds": round(1000 * seconds["operator"], 3),
                "scan": round(seconds["scan"] / seconds["operator"], 2),
                "products": round(seconds["products"] / seconds["operator"], 2),
                **machine(),
            }
        )
        print(rows[-1], flush=True)
    return rows


def table() -> str:
    """The page's table."""
    with RESULTS.open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    lines = [
        "| one layer, 128 units, 100 steps | rows | operator | Scan | products alone |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['cell']} | {row['rows']} | {float(row['milliseconds']):.1f} ms | {row['scan']} | {row['products']} |"
        for row in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the page's table from the results")
    if parser.parse_args().table:
        print(table())
        return
    with tempfile.TemporaryDirectory() as folder:
        write_rows(RESULTS, [row for cell in GATES for row in measured(cell, Path(folder))])


if __name__ == "__main__":
    main()
