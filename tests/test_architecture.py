"""The rules of the layout, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rnnzoo

# From the ground up. A module may import from its own layer and from those above it in this list; the first
# matching prefix counts.
LAYERS = [
    ("rnnzoo.errors", "rnnzoo.version"),
    ("rnnzoo.checks", "rnnzoo.files"),
    ("rnnzoo.preprocessing", "rnnzoo.decoding"),
    ("rnnzoo.losses",),
    (
        "rnnzoo.tasks",
        "rnnzoo.cells",
        "rnnzoo.layers",
        "rnnzoo.cudnn",
        "rnnzoo.report",
        "rnnzoo.model_inputs",
        "rnnzoo.model_layers",
        "rnnzoo.regularization",
    ),
    ("rnnzoo.inputs", "rnnzoo.heads", "rnnzoo.encoder", "rnnzoo.loading", "rnnzoo.seq2seq"),
    ("rnnzoo.convolutions", "rnnzoo.transformer"),
    ("rnnzoo.tasks", "rnnzoo.cells", "rnnzoo.layers", "rnnzoo.cudnn", "rnnzoo.report", "rnnzoo.model_inputs"),
    ("rnnzoo.model_outputs",),
    ("rnnzoo.inputs", "rnnzoo.heads", "rnnzoo.encoder", "rnnzoo.loading"),
    ("rnnzoo.builders",),
    ("rnnzoo.zoo",),
    ("rnnzoo.data",),
    ("rnnzoo.training",),
    ("rnnzoo_export",),
    ("rnnzoo_tuning",),
    ("rnnzoo.recipes",),
    ("rnnzoo.cli", "rnnzoo.__main__"),
]
SERVING_MAY_IMPORT = (
    "rnnzoo.errors",
    "rnnzoo.version",
    "rnnzoo.files",
    "rnnzoo.checks",
    "rnnzoo.preprocessing",
    "rnnzoo.decoding",
    "rnnzoo_export.serving",
    "rnnzoo_export.bundle",
    "rnnzoo_export.signature",
)
HEAVY = ("tensorflow", "keras", "tf2onnx", "onnx", "pandas", "sklearn", "matplotlib", "keras_tuner")
# The package's own __init__ only forwards names.
FORWARDS = ("rnnzoo", "rnnzoo_export", "rnnzoo_tuning")


def modules(project: Path) -> Iterator[tuple[str, ast.Module]]:
    for top in (project, project / "tuning", project / "export"):
        for package in ("rnnzoo", "rnnzoo_tuning", "rnnzoo_export"):
            for path in sorted((top / package).rglob("*.py")):
                parts = path.relative_to(top).with_suffix("").parts
                name = ".".join(part for part in parts if part != "__init__")
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules imported when the code runs: those for type checkers alone do not count."""
    typing_only = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and "TYPE_CHECKING" in ast.unparse(guard.test)
        for node in ast.walk(guard)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    for number, prefixes in enumerate(LAYERS):
        if any(name == p or name.startswith(p + ".") for p in prefixes):
            return number
    return None


def test_every_module_has_a_layer(project: Path) -> None:
    assert [n for n, _ in modules(project) if n not in FORWARDS and layer(n) is None] == []
    assert sum(1 for _ in modules(project)) > 30


def test_imports_only_go_down(project: Path) -> None:
    upward = [
        f"{name} imports {target}"
        for name, tree in modules(project)
        if name not in FORWARDS
        for target in imported(tree)
        if target.startswith(("rnnzoo.", "rnnzoo_export.", "rnnzoo_tuning."))
        and (layer(target) or 0) > (layer(name) or 0)
    ]
    assert upward == []


def test_export_knows_no_zoo_and_tuning_reaches_export_in_one_place(project: Path) -> None:
    found = {
        (name, target)
        for name, tree in modules(project)
        for target in imported(tree)
        if (
            name.startswith("rnnzoo_export")
            and target.startswith(("rnnzoo.zoo", "rnnzoo.builders", "rnnzoo.encoder"))
        )
    }
    assert found == set()
    reaching = {
        n
        for n, t in modules(project)
        if n.startswith("rnnzoo_tuning")
        for i in imported(t)
        if "rnnzoo_export" in i
    }
    assert len(reaching) <= 1


def test_serving_imports_only_what_needs_no_tensorflow(project: Path) -> None:
    serving = [
        (n, t) for n, t in modules(project) if n.startswith(("rnnzoo_export.serving", "rnnzoo_export.bundle"))
    ]
    assert serving
    wrong = [
        f"{name} imports {target}"
        for name, tree in serving
        if name != "rnnzoo_export.bundle_writer"
        for target in imported(tree)
        if target.split(".")[0] in HEAVY
        or (target.startswith("rnnzoo") and not target.startswith(SERVING_MAY_IMPORT))
    ]
    assert wrong == []


def test_package_inits_only_forward(project: Path) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.If, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.Expr)
    for name, tree in modules(project):
        if name in FORWARDS:
            assert all(isinstance(node, allowed) for node in tree.body), name
            assert {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} <= {"__getattr__", "__dir__"}


@pytest.mark.parametrize("package", FORWARDS)
def test_every_public_name_exists_and_is_documented(package: str) -> None:
    module = __import__(package)
    assert sorted(module.__all__) == module.__all__
    for name in module.__all__:
        value = getattr(module, name)
        assert name == "__version__" or (value.__doc__ or "").strip(), name


def test_public_names_are_these() -> None:
    assert rnnzoo.__all__ == [
        "CudnnReport",
        "GreedyTranscript",
        "ModelSpec",
        "Regularization",
        "RnnzooError",
        "Split",
        "Splits",
        "TrainConfig",
        "TrainResult",
        "TransferReport",
        "WordVectors",
        "__version__",
        "audio_splits",
        "back_translate",
        "build_attention_classifier",
        "build_classifier",
        "build_cnn_classifier",
        "build_dna_classifier",
        "build_fcn_classifier",
        "build_forecaster",
        "build_irregular_classifier",
        "build_language_model",
        "build_segment_forecaster",
        "build_seq2seq",
        "build_tagger",
        "build_transcriber",
        "build_transformer_classifier",
        "build_video_classifier",
        "create_model",
        "evaluate",
        "explain_cudnn",
        "get_spec",
        "learn_word_vectors",
        "list_datasets",
        "list_models",
        "load_dataset",
        "load_model",
        "pair_splits",
        "read_pairs",
        "read_recordings",
        "read_table",
        "read_word_vectors",
        "stream_table",
        "text_stream_splits",
        "train",
        "transfer",
    ]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rnnzoo.nothing  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "import rnnzoo",
        "import rnnzoo.cli",
        "import rnnzoo_export",
        "import rnnzoo_tuning",
        "import rnnzoo.zoo; rnnzoo.zoo.list_models()",
    ],
)
def test_imports_that_must_be_light_load_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
