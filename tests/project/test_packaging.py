"""Truth of ``rnnzoo``.

The wheel: its contents, that it works from anywhere, and that it serves without TensorFlow.
"""

from __future__ import annotations

import zipfile
from pathlib import Path


def test_it_holds_the_three_packages_and_nothing_else(wheel: Path, project: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "rnnzoo",
        "rnnzoo_tuning",
        "rnnzoo_export",
    }
    assert "rnnzoo = rnnzoo.cli:main" in entry
    sources = {
        path.relative_to(top).as_posix()
        for top, package in (
            (project, "rnnzoo"),
            (project / "tuning", "rnnzoo_tuning"),
            (project / "export", "rnnzoo_export"),
        )
        for path in (top / package).rglob("*")
        if path.is_file() and path.suffix in (".py", ".pyi", ".html", ".json", ".typed", ".txt")
    }
    packed = {name for name in names if ".dist-info" not in name}
    assert packed == sources
    assert "rnnzoo_export/serving/page.html" in packed
    assert "rnnzoo/py.typed" in packed


def test_names_are_typed_and_version_is_one(project: Path) -> None:
    for marker in ("rnnzoo", "tuning/rnnzoo_tuning", "export/rnnzoo_export"):
        assert (project / marker / "py.typed").is_file()
