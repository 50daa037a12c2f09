"""Truth of ``rnnzoo_export.serving.server``: an installation that only serves, as docs/installation.md has it."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from built_distributions import create_environment, metadata, own_environment, run
from rnnzoo.cli.app import _NOT_FOR_SERVING
from source_imports import HEAVY, SERVING, modules, names_imported

REQUIREMENTS = "rnnzoo_export/serving/requirements-serve.txt"
# The commands of such a machine, and what they are made of.
COMMANDS = (
    "rnnzoo",
    "rnnzoo_export",
    "rnnzoo.cli.app",
    "rnnzoo.cli.serve",
    "rnnzoo.cli.bench",
    "rnnzoo.cli.predict",
    "rnnzoo.cli.explain",
    "rnnzoo.cli.output",
)
ROW = [[0.5 * step] * 8 for step in range(8)]
MOST_MEGABYTES = 320


def names(lines: list[str]) -> set[str]:
    found = (re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def listed(project: Path) -> set[str]:
    return names((project / "export" / REQUIREMENTS).read_text(encoding="utf-8").splitlines())


def test_the_list_is_what_its_script_writes(project: Path) -> None:
    script = project / ".ci" / "serve_requirements"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_list_is_what_a_server_imports(project: Path) -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        target.split(".")[0]
        for name, tree in modules(project)
        if name.startswith(SERVING) or name in COMMANDS
        for target, _ in names_imported(tree)
    }
    others = imported - sys.stdlib_module_names - {"rnnzoo", "rnnzoo_export"} - set(HEAVY)
    assert names([name for top in others for name in distributions[top]]) == listed(project)


@pytest.fixture(scope="module")
def commands(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment made with nothing but the wheel."""
    folder = tmp_path_factory.mktemp("serving")
    with zipfile.ZipFile(wheel) as archive:
        requirements = archive.extract(REQUIREMENTS, folder)
    return create_environment(folder / "venv", ["-r", requirements], ["--no-deps", str(wheel)])


def test_it_is_small_and_has_no_tensorflow(commands: Path, tmp_path: Path) -> None:
    script = (
        "import importlib.util, json, sysconfig\n"
        "from pathlib import Path\n"
        f"found = [name for name in {HEAVY!r} if importlib.util.find_spec(name)]\n"
        "files = [path for path in Path(sysconfig.get_path('purelib')).rglob('*') if path.is_file()]\n"
        "print(json.dumps({'found': found, 'bytes': sum(path.stat().st_size for path in files)}))\n"
    )
    answer = json.loads(run(commands / "python", "-c", script, cwd=tmp_path).stdout)
    assert answer["found"] == []
    assert 50e6 < answer["bytes"] < MOST_MEGABYTES * 1e6


def test_all_that_pip_check_misses_is_what_was_left_out(
    commands: Path, tmp_path: Path, project: Path
) -> None:
    """No wheel can say that it needs less on some machines; nothing else is wrong."""
    lines = run(commands / "python", "-m", "pip", "check", cwd=tmp_path).stdout.splitlines()
    missing = {re.sub(r"rnnzoo \S+ requires (\S+), which is not installed\.", r"\1", line) for line in lines}
    assert missing == names(metadata(project)["dependencies"]) - listed(project)


@pytest.fixture(scope="module")
def served(commands: Path, digits_bundle: Path) -> Iterator[str]:
    """The address of a server of that environment, which ends as an operator ends it."""
    serve = [str(commands / "rnnzoo"), "serve", str(digits_bundle), "--port", "0"]
    process = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True, env=own_environment())
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"serving series-classifier-gru at (http://[\d.]+:\d+)/", line)
        assert found, line
        yield found[1]
    finally:
        process.terminate()
        _, rest = process.communicate(timeout=30)
        assert process.returncode == 0, rest


def test_it_serves_and_predicts(served: str, commands: Path, digits_bundle: Path, tmp_path: Path) -> None:
    assert httpx.get(f"{served}/v2/health/ready", timeout=10).status_code == 200
    url = f"{served}/v2/models/series-classifier-gru/predict"
    answer = httpx.post(url, json={"inputs": [ROW]}, timeout=30)
    assert answer.status_code == 200, answer.text
    (sent,) = answer.json()["answers"]
    result = run(commands / "rnnzoo", "predict", digits_bundle, json.dumps(ROW), "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (printed,) = json.loads(result.stdout)
    assert printed["label"] == sent["label"]
    assert printed["probabilities"] == pytest.approx(sent["probabilities"])
    script = tmp_path / "ask.py"
    script.write_text(
        "import json, sys\n"
        "from rnnzoo_export import OnnxPredictor\n"
        "bundle, row = sys.argv[1:]\n"
        "(answer,) = OnnxPredictor(bundle).predict([json.loads(row)])\n"
        "print(answer['label'])\n"
    )
    result = run(commands / "python", script, digits_bundle, json.dumps(ROW), cwd=tmp_path)
    assert result.stdout.strip() == sent["label"], result.stderr


def test_what_it_does_not_have_is_said(commands: Path, digits_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    for package, arguments in (
        ("tensorflow", ["train", "series-classifier-gru", "--data", "digits", "--out", "run"]),
        ("pandas", ["predict", digits_bundle, "--input", "table.csv"]),
    ):
        result = run(commands / "rnnzoo", *arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.splitlines()[-1] == (
            f"error: {package} is not installed: this installation only serves and predicts; expected a whole one. "
            "Run: pip install rnnzoo"
        )
        assert "Traceback" not in result.stderr
    result = run(commands / "rnnzoo", "doctor", "--json", cwd=tmp_path)
    status = {row["check"]: row["status"] for row in json.loads(result.stdout)}
    assert (result.returncode, status["packages"], status["export"], status["disk"]) == (
        1,
        "bad",
        "bad",
        "ok",
    )
    (packages,) = [row["found"] for row in json.loads(result.stdout) if row["check"] == "packages"]
    assert packages == (
        "ModuleNotFoundError: not installed: tensorflow, keras, keras-tuner, tensorboard, tf2onnx, onnx, scikit-learn, "
        "pandas. Run: pip install rnnzoo. A machine that only serves needs none of them."
    )


def test_what_it_does_not_have_is_known_by_the_names_of_imports(project: Path) -> None:
    left = names(metadata(project)["dependencies"]) - listed(project)
    distributions = importlib.metadata.packages_distributions()
    assert names([name for top in _NOT_FOR_SERVING for name in distributions[top]]) == left


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_way_to_a_whole_installation_is_as_it_says(commands: Path, tmp_path: Path, project: Path) -> None:
    pip = ["-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", "rnnzoo"]
    result = run(commands / "python", *pip, cwd=tmp_path, timeout=800)
    assert result.returncode == 0, result.stderr
    added = names([item["metadata"]["name"] for item in json.loads(result.stdout)["install"]])
    assert names(metadata(project)["dependencies"]) - listed(project) <= added
