"""Truth of ``rnnzoo.cli.data_options``."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rnnzoo.cli.app import make_app
from rnnzoo.cli.data_loading import load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.errors import ArgumentError
from series_tables import hourly

pytestmark = pytest.mark.usefixtures("in_own_folder")


def test_the_command_takes_the_same_options() -> None:
    table = hourly(200).assign(date=lambda t: t["date"].dt.strftime("%d.%m.%Y %H:%M")).drop([150, 160])
    table.reset_index(names="").to_csv("t.csv", index=False)
    options = DataOptions(
        data="t.csv",
        target="sales",
        window=7,
        horizon=3,
        time="date",
        time_format="%d.%m.%Y %H:%M",
        gaps="break",
        ignore="",
    )
    assert load_data(options).description["pieces"] == 3
    assert load_data(DataOptions.from_dict(options.to_dict())).description["pieces"] == 3
    ran = CliRunner().invoke(
        make_app(),
        [
            *(
                "train",
                "forecaster-lstm",
                "--data",
                "t.csv",
                "--target",
                "sales",
                "--window",
                "7",
                "--horizon",
                "3",
            ),
            *("--time", "date", "--time-format", "%d.%m.%Y %H:%M", "--gaps", "break", "--ignore", ""),
            *("--epochs", "1", "--set", "units=4", "--out", "run"),
        ],
    )
    assert ran.exit_code == 0, ran.output
    assert "times  3 pieces; no window crosses a hole between them" in ran.output
    with pytest.raises(ArgumentError, match="--gaps: received 'break' with --text, which is for texts"):
        load_data(DataOptions(data="t.csv", text="a", label="b", gaps="break"))


def test_names_of_columns_may_be_given_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[DataOptions] = []

    def note(options: DataOptions) -> None:
        seen.append(options)
        raise SystemExit

    monkeypatch.setattr(DataOptions, "check_source", note)
    (Path.cwd() / "run.yaml").write_text("data: {target: [sales, price], label: kind}\n")
    for given in (
        ["--target", "sales", "--target", "price", "--label", "kind"],
        ["--target", "sales,price", "--label", "kind"],
        ["--config", "run.yaml"],
    ):
        CliRunner().invoke(
            make_app(), ["train", "forecaster-lstm", "--data", "t.csv", "--out", "run", *given]
        )
    assert [(options.target, options.label) for options in seen] == [("sales,price", "kind")] * 3
