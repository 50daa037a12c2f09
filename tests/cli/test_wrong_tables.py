"""Truth of ``rnnzoo.cli.data_errors``: a wrong table ends in one line whose advice works when it is followed.

All in one process, by the command. Nothing is trained: the command ends where the table is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import refused
from rnnzoo.cli.app import run
from rnnzoo.cli.data_loading import check_family, load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.zoo import get_spec
from wrong_panels import PANELS
from wrong_series import SERIES
from wrong_tables import Wrong

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
