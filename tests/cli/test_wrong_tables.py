"""Truth of ``rnnzoo.cli.data_errors``: a wrong table ends in one line whose advice works when it is followed.

All in one process, by the command. Nothing is trained: the command ends where the table is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import refused
from rnnzoo.backtesting.origin_runs import BacktestRun
from rnnzoo.cli.app import run
from rnnzoo.cli.data_loading import check_family, load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.zoo import get_spec
from wrong_panels import PANELS
from wrong_series import SERIES
from wrong_tables import TIME, Wrong, csv, hourly

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]

CASES: dict[str, Wrong] = {**SERIES, **PANELS}


@pytest.fixture
def reading_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(model: str, data: DataOptions, *_: Any, **__: Any) -> dict[str, Any]:
        data.check_source()
        splits = load_data(data, get_spec(model))
        check_family(get_spec(model), splits)
        return {"rows": len(splits.train)}

    monkeypatch.setattr("rnnzoo.cli.train.run_training", read)


def test_there_are_as_many_wrong_tables_as_the_documentation_needs() -> None:
    assert len(CASES) == len(SERIES) + len(PANELS) >= 60


@pytest.mark.usefixtures("reading_alone")
@pytest.mark.parametrize("case", CASES)
def test_a_wrong_table_is_refused_in_one_line_and_its_advice_works(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = CASES[case]
    command = [*wrong.write(), "--out", "run", "--json"]
    message = refused(capsys, *command)
    assert message.startswith("error: ")
    assert message.find("\n") == len(message) - 1, message
    assert "Traceback" not in message
    assert wrong.says in message, message
    if wrong.of_file:
        assert wrong.file in message.partition("; expected")[0], message
    for follow in wrong.ways:
        for path in Path().iterdir():
            path.unlink()
        wrong.write()
        followed = follow(message, command)
        status = run(followed)
        assert status == 0, (message, followed, capsys.readouterr().err)


BACKTESTED = [
    *("separator", "decimal comma", "a cell too many", "hole", "copy of a row", "several series"),
    *("series of no name in a row", "static that changes", "known ahead and missing", "scaled by series"),
]


@pytest.fixture
def reading_for_backtests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BacktestRun, "forecasts", lambda *_: [])
    monkeypatch.setattr("rnnzoo.backtesting.backtests.BacktestTables", lambda *_: None)
    monkeypatch.setattr("rnnzoo.backtesting.backtests._finish", lambda *_: None)
    monkeypatch.setattr("rnnzoo.cli.backtest._print", lambda *_, **__: None)


@pytest.mark.usefixtures("reading_for_backtests")
@pytest.mark.parametrize("case", BACKTESTED)
def test_a_backtest_of_a_wrong_table_names_the_file_and_its_advice_works(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = CASES[case]
    command = ["backtest", *wrong.write()[1:], "--origins", "2"]
    _, _, message = refused(capsys, *command).rpartition("starting TensorFlow\n")
    assert message.startswith("error: ")
    assert wrong.says in message, message
    if wrong.of_file:
        assert wrong.file in message.partition("; expected")[0], message
    for follow in wrong.ways:
        wrong.write()
        assert run(follow(message, command)) == 0, (message, capsys.readouterr().err)


def test_a_backtest_names_the_option_of_what_is_not_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["backtest", *Wrong(csv(hourly()), TIME, "", ()).write()[1:]]
    said = refused(capsys, *command, "--ignore", "lod")
    assert "error: unknown column of t.csv: received 'lod'; did you mean 'load'?" in said
    assert "error: t.csv: origins: received 99" in refused(capsys, *command, "--origins", "99")
    # What is wrong with the plan is not said of the data, of which there is a seed too.
    assert "error: seed: received -1" in refused(capsys, *command, "--seeds", "-1")


TEXTS = ["a,no", *(f"a {('good', 'bad')[n % 2]} film,{('yes', 'no')[n % 2]}" for n in range(12))]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (",no", "line 2: received an empty text"),
        ("a,", "line 2: targets: received the empty label ''"),
        ("a,maybe", "received fewer than 3 rows of maybe"),
        ("a,no,7", "line 2 has 3 columns"),
    ],
)
def test_a_cross_validation_of_a_wrong_table_names_the_file(
    wrong: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnzoo.cross_validation.runner._Worker.run", done)
    Path("t.csv").write_text("\n".join(["text,label", wrong, *TEXTS[1:]]) + "\n", encoding="utf-8")
    columns = ("--text", "text", "--label", "label")
    command = ["cross-validate", "text-classifier-gru", "--data", "t.csv", *columns, "--folds", "3"]
    said = refused(capsys, *command, "--out", "folds").rpartition("starting TensorFlow\n")[2]
    assert said.startswith("error: t.csv: "), said
    assert says in said.partition("; expected")[0]
    assert not Path("folds").exists()
    Path("t.csv").write_text("\n".join(["text,label", *TEXTS]) + "\n", encoding="utf-8")
    assert run([*command, "--out", "folds"]) == 130  # it is read, and the folds are begun


@pytest.mark.slow
@pytest.mark.parametrize("case", ["several series", "hole", "separator"])
def test_a_model_is_trained_once_the_advice_is_followed(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = CASES[case]
    command = [*wrong.write(), "--out", "run", "--epochs", "1", "--no-baselines", "--json"]
    message = refused(capsys, *command)
    assert not Path("run").exists()
    assert run(wrong.ways[0](message, command)) == 0
    assert Path("run/metrics.json").is_file()
