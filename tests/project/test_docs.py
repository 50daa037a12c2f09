"""Truth of ``rnnzoo``.

The pages of ``docs`` are true: examples run and print what the pages say, commands exist, links lead somewhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from documented import alike, blocks, check_command, commands, files, missing_lines

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
EXAMPLES = sorted(path.stem for path in (DOCS / "examples").glob("*.py"))
# The quickest; each of the others takes up to 20 seconds of a processor.
QUICK = "arrays"
TRACKING = "how_to/experiment_tracking.md"
# What a tracker has, read by a process of its own: W&B writes on after `finish`.
READ_BACK = {
    "mlflow": """
import mlflow

(kept,) = mlflow.search_runs(output_format="list")
for entry in mlflow.MlflowClient().get_metric_history(kept.info.run_id, "val_accuracy"):
    print(entry.step, entry.value)
print(kept.data.metrics["test_accuracy"])
""",
    "wandb": """
import re
from pathlib import Path

(kept,) = Path("wandb").glob("offline-run-*/*.wandb")
values = re.findall(rb"(?:val|test)_accuracy\\W{2,4}?([01][.][0-9]+)", kept.read_bytes())
print(*(value.decode() for value in values))
""",
}
_LINK = re.compile(
    r"\]\(([^)\s#]+)(?:#[^)]*)?\)|\{(?:download|doc)\}`[^`]*<([^>]+)>`|\{literalinclude\} (\S+)"
)


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def python(script: Path | str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning:rnnzoo", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true"},
    )


def test_numbers_are_compared_loosely_but_compared() -> None:
    assert alike("accuracy 0.95", "accuracy  0.93")
    assert not alike("accuracy 0.95", "accuracy 0.70")
    assert not alike("accuracy 0.95", "loss 0.95")
    assert not alike("[1, 2]", "[1, 2, 3]")
    assert missing_lines("a 1\nb 2\n", "a 1\nelse\nb 2\n") == []
    assert missing_lines("b 2\na 1\n", "a 1\nb 2\n") == ["a 1"]


def test_a_wrong_command_is_found() -> None:
    page = "```bash\nrnnzoo train m --data d \\\n  --out run  # so\nnohup rnnzoo serve b --prot 1 &\n```\n"
    right, wrong = commands(page)
    assert right == ["train", "m", "--data", "d", "--out", "run"]
    check_command(right)
    with pytest.raises(AssertionError, match="--prot"):
        check_command(wrong)
    with pytest.raises(AssertionError, match="no such command"):
        check_command(["trian"])


def test_every_tutorial_has_its_example() -> None:
    tutorials = [Path(page).stem for page in PAGES if page.startswith("tutorials/")]
    assert sorted(set(tutorials) - {"index"}) == EXAMPLES


@pytest.mark.parametrize(
    "name", [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EXAMPLES]
)
def test_an_example_runs_and_prints_what_its_page_says(name: str, tmp_path: Path) -> None:
    expected = "".join(blocks(text_of(f"tutorials/{name}.md"), "text"))
    assert expected
    result = python(DOCS / "examples" / f"{name}.py", tmp_path)
    assert result.returncode == 0, result.stderr
    assert missing_lines(expected, result.stdout) == [], result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in EXAMPLES if list(commands(text_of(f"tutorials/{name}.md")))]
)
def test_the_commands_of_a_tutorial_run_on_the_files_of_its_example(name: str, tmp_path: Path) -> None:
    assert python(DOCS / "examples" / f"{name}.py", tmp_path).returncode == 0
    wanted = [one for one in commands(text_of(f"tutorials/{name}.md")) if one[0] != "serve"]
    for arguments in wanted:
        result = subprocess.run(
            [sys.executable, "-m", "rnnzoo", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert result.returncode == 0, f"{arguments}: {result.stderr}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_tutorial_shows_its_whole_example(name: str) -> None:
    script = (DOCS / "examples" / f"{name}.py").read_text(encoding="utf-8")
    marks = re.findall(r"^# --- (\w+)$", script, flags=re.MULTILINE)
    shown = re.findall(
        rf'literalinclude\}} \.\./examples/{name}\.py\n:start-after: "# --- (\w+)"\n:end-before: "# --- (\w+)"',
        text_of(f"tutorials/{name}.md"),
    )
    assert marks[-1] == "end"
    parts = [marks[place] for start, end in shown for place in range(marks.index(start), marks.index(end))]
    assert sorted(parts) == sorted(marks[:-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != TRACKING and blocks(text_of(page), "python")]
)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    text = text_of(page)
    for name, content in files(text).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(text, "python")), encoding="utf-8")
    result = python(script, tmp_path)
    assert result.returncode == 0, result.stderr
    assert missing_lines("".join(blocks(text, "text")), result.stdout) == [], result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("tracker", ["mlflow", "wandb"])
def test_a_tracker_gets_every_epoch(tracker: str, tmp_path: Path) -> None:
    pytest.importorskip(tracker)
    shared, *parts = blocks(text_of(TRACKING), "python")
    (own,) = (part for part in parts if f"import {tracker}" in part)
    script = tmp_path / "page.py"
    told = "print(*(epoch['val_accuracy'] for epoch in result.history), result.metrics['test']['accuracy'])"
    script.write_text(f"{shared}{own}{told}", encoding="utf-8")
    result = python(script, tmp_path)
    assert result.returncode == 0, result.stderr
    script.write_text(READ_BACK[tracker], encoding="utf-8")
    kept = python(script, tmp_path)
    assert kept.returncode == 0, kept.stderr
    wanted = result.stdout.splitlines()[-1].split()
    assert len(wanted) == 3
    assert set(wanted) <= set(kept.stdout.split())


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(text_of(page), "bash")])
def test_every_command_of_a_page_exists(page: str) -> None:
    for arguments in commands(text_of(page)):
        check_command(arguments)


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for groups in _LINK.findall(text_of(page)):
            target = "".join(groups)
            if target.startswith(("https://", "http://127.0.0.1")):
                continue
            if not ((DOCS / page).parent / target).exists():
                broken.append(f"{page}: {target}")
    assert broken == []


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = {"index.md"}
    for page in PAGES:
        for entries in blocks(text_of(page), r"\{toctree\}"):
            for entry in entries.splitlines():
                if entry.strip() and not entry.startswith(":"):
                    folder = (DOCS / page).parent
                    pattern = entry.strip().removesuffix(".md") + ".md"
                    listed |= {path.relative_to(DOCS).as_posix() for path in folder.glob(pattern)}
    assert sorted(set(PAGES) - listed) == []
