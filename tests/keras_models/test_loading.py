"""Truth of ``rnnzoo.keras_models.loading``: a saved model with a layer of ours loads, whatever was imported before."""

from __future__ import annotations

import ast
from pathlib import Path


def test_every_module_with_a_layer_of_ours_is_imported(project: Path) -> None:
    source = project / "rnnzoo"
    tree = ast.parse((source / "keras_models" / "loading.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    registering = {
        ".".join(path.relative_to(project).with_suffix("").parts)
        for package in ("cells", "layers")
        for path in (source / package).glob("*.py")
        if "@keras.saving.register_keras_serializable" in path.read_text(encoding="utf-8")
    }
    assert registering
    assert registering - imported == set(), "import them in rnnzoo/keras_models/loading.py"
