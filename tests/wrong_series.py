"""Wrong tables of one series, and what is wrong with a command on one."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from wrong_tables import (
    ROWS,
    TIME,
    Wrong,
    both,
    code,
    csv,
    hourly,
    leave_out,
    line,
    nearest,
    option,
    renamed,
    say,
    with_cell,
    with_line,
    write,
)

TABLE = hourly()
RIGHT = csv(TABLE)
LINES = RIGHT.splitlines()
SWITCH = ["ON", "OFF"] * (ROWS // 2)
NOTES = [f"note {row}" for row in range(ROWS)]
DECIMAL = csv(TABLE.assign(load=[str(load).replace(".", ",") for load in TABLE["load"]]), sep=";")
COMMAS = TABLE.assign(
    **{name: [str(cell).replace(".", ",") for cell in TABLE[name]] for name in ("load", "temp")}
)
MONTHS = csv(
    pd.DataFrame(
        {"time": [f"{month:02}/01/{year}" for year in range(2000, 2010) for month in range(1, 13)]}
    ).assign(load=np.arange(120) % 7)
)
AUTUMN = pd.date_range("2024-10-20", periods=400, freq="h", tz="Europe/Berlin")
SPRING = pd.date_range("2024-03-25", periods=400, freq="h")
WAVES = np.round(np.sin(np.arange(400)), 3)
MINUTES = np.cumsum(np.random.default_rng(0).integers(1, 300, ROWS))
UNEVEN = (pd.Timestamp("2024-01-01") + pd.to_timedelta(MINUTES, unit="min")).strftime("%Y-%m-%d %H:%M")
DAYS = TABLE["time"].str[:10]
CLOCK = TABLE["time"].str[11:]
JSON = TABLE.to_json(orient="records", lines=True)
OBJECTS = pd.DataFrame({"time": TABLE["time"], "load": TABLE["load"], "air": [{"temp": 1.5}] * ROWS})


def timed(times: pd.DatetimeIndex, form: str = "%Y-%m-%d %H:%M") -> str:
    return csv(pd.DataFrame({"time": times.strftime(form), "load": WAVES}))


def cut_parquet(path: str) -> None:
    TABLE.to_parquet(path)
    Path(path).write_bytes(Path(path).read_bytes()[:-300])


def workbook(path: str) -> None:
    with pd.ExcelWriter(path) as book:
        TABLE.to_excel(book, sheet_name="data", index=False)


FILES: dict[str, Wrong] = {
    "separator": Wrong(csv(TABLE, sep="#"), TIME, "If '#' separates cells", (option(),)),
    "another separator told": Wrong(RIGHT, (*TIME, "--separator", ";"), "the only one", (option(),)),
    "decimal comma": Wrong(csv(COMMAS), TIME, "line 2: 'load' is '50,0'", (option(0),)),
    "decimal comma in one column": Wrong(DECIMAL, TIME, "line 2: 'load' is '50,0'", (option(0),)),
    "encoding": Wrong(csv(TABLE.assign(Lüfter=1)).encode("cp1252"), TIME, "line 1 is not UTF-8", (option(),)),
    "encoding without its mark": Wrong(RIGHT.encode("utf-16-le"), TIME, "line 1 holds a NUL", (option(),)),
    "name of an encoding": Wrong(
        RIGHT, (*TIME, "--encoding", "utf9"), "unknown encoding", (nearest,), of_file=False
    ),
    "a cell too many": Wrong(
        with_line(51, LINES[50] + ",7"), TIME, "line 51 has 4 columns", (line(LINES[50]),)
    ),
    "a cell too few": Wrong(with_line(51, "2024-01-03 01:00,5"), TIME, "line 51 has 2", (line(LINES[50]),)),
    "open quote": Wrong(
        with_line(51, f'"{LINES[50]}'), TIME, "line 51, which goes on to line 201,", (line(LINES[50]),)
    ),
    "empty file": Wrong("", TIME, "received an empty file", (write(RIGHT, "right.csv"),)),
    "header alone": Wrong(
        LINES[0] + "\n", TIME, "a header and no rows", (write(RIGHT), write(RIGHT, "o.csv"))
    ),
    "columns of one name": Wrong(
        RIGHT.replace("temp", "load", 1), TIME, "several columns named 'load'", (write(RIGHT),)
    ),
    "index": Wrong(str(TABLE.to_csv()), TIME, "column 1: received no name", (option(0), write(RIGHT))),
    "named index": Wrong(
        csv(TABLE.rename_axis("level_0").reset_index()), TIME, "'level_0'", (option(0), write(RIGHT))
    ),
    "damaged Parquet": Wrong(
        cut_parquet, TIME, "cannot be read as Parquet", (write(TABLE.to_parquet),), "t.parquet"
    ),
    "text called Excel": Wrong(RIGHT, TIME, "cannot be read as an Excel file", (write(workbook),), "t.xlsx"),
    "sheet": Wrong(workbook, (*TIME, "--sheet", "dta"), "unknown sheet", (nearest,), "t.xlsx"),
    "sheet of text": Wrong(RIGHT, (*TIME, "--sheet", "data"), "which has no sheets", (leave_out(),)),
    "damaged JSON": Wrong(
        JSON.replace('"load":52.59', '"load":', 1),
        TIME,
        "line 2: not valid JSON",
        (line('"load":1', old='"load":'),),
        "t.jsonl",
    ),
    "objects in JSON": Wrong(
        OBJECTS.to_json(orient="records", lines=True),
        TIME,
        "line 1: 'air' holds an object",
        (code,),
        "t.jsonl",
    ),
    "one JSON": Wrong(TABLE.to_json(orient="records"), TIME, "is JSON, which is not read", (code,), "t.json"),
    "JSON lines by another name": Wrong(
        JSON, TIME, "holds JSON lines, an object in each", (renamed,), "t.json"
    ),
    "cut in packing": Wrong(
        gzip.compress(RIGHT.encode())[:-200],
        TIME,
        "cut short",
        (write(gzip.compress(RIGHT.encode())),),
        "t.csv.gz",
    ),
    "ending": Wrong(RIGHT, TIME, "ends in '.dat'", (write(RIGHT, "t.csv"),), "t.dat"),
}
COLUMNS: dict[str, Wrong] = {
    "switch": Wrong(csv(TABLE.assign(fan=SWITCH)), TIME, "line 2: 'fan' is 'ON'", (option(0), option(1))),
    "remarks": Wrong(csv(TABLE.assign(note=NOTES)), TIME, "line 2: 'note' is 'note 0'", (option(1),)),
    "column without values": Wrong(csv(TABLE.assign(none="")), TIME, "'none' has no value", (option(),)),
    "logger": Wrong(
        csv(TABLE.assign(fan=SWITCH, note=NOTES, none="")), TIME, "3 columns hold no numbers", (option(),)
    ),
    "missing cell": Wrong(with_cell(40, "temp", ""), TIME, "line 42: 'temp' is missing", (option(),)),
    "mark of a missing cell": Wrong(
        with_cell(40, "temp", "n/a"),
        (*TIME, "--missing", "ffill"),
        "line 42: 'temp' is 'n/a'",
        (line("", old="n/a"), line("NaN", old="n/a")),
    ),
    "text among numbers": Wrong(
        with_cell(40, "temp", "error"),
        TIME,
        "line 42: 'temp' is 'error'",
        (line("1", old="error"), option(1)),
    ),
    "text in the target": Wrong(
        with_cell(40, "load", "error"),
        TIME,
        "line 42: 'load' is 'error'",
        (line("1", old="error"),),
    ),
    "infinite": Wrong(
        with_cell(40, "temp", "inf"), TIME, "line 42: 'temp' is 'inf'", (line("1", old="inf"), option(1))
    ),
    "huge": Wrong(
        with_cell(190, "temp", "1e300"),
        TIME,
        "line 192: 'temp' is 1e+300",
        (line("1", old="1e300"),),
    ),
    "unit": Wrong(
        csv(TABLE.assign(temp=TABLE["temp"].astype(str) + " C")),
        TIME,
        "line 2: 'temp' is '0.5 C'",
        (option(1),),
    ),
    "thousands": Wrong(
        with_cell(40, "temp", "1,500.5"),
        TIME,
        "line 42: 'temp' is '1,500.5'",
        (line("1500.5", old='"1,500.5"'),),
    ),
    "new category": Wrong(
        csv(TABLE.assign(fan=["ON"] * 190 + ["OFF"] * 10)),
        (*TIME, "--categorical", "fan"),
        "line 192: 'fan' has the unknown category 'OFF'",
        (write(csv(TABLE.assign(fan=SWITCH))),),
    ),
    "unknown target": Wrong(RIGHT, (*TIME, "--target", "laod"), "received 'laod'", (nearest,)),
    "unknown time": Wrong(RIGHT, ("--time", "tme"), "received 'tme'", (nearest,)),
    "unknown column to ignore": Wrong(RIGHT, (*TIME, "--ignore", "tmp"), "received 'tmp'", (nearest,)),
    "target is the time": Wrong(
        RIGHT,
        (*TIME, "--target", "time"),
        "--target: received 'time'",
        (say("--target", "load"),),
        of_file=False,
    ),
    "target is ignored": Wrong(
        RIGHT,
        (*TIME, "--ignore", "load"),
        "--target: received 'load'",
        (leave_out("--ignore"),),
        of_file=False,
    ),
    "target is a category": Wrong(
        RIGHT,
        (*TIME, "--categorical", "load"),
        "--target: received 'load'",
        (leave_out("--categorical"),),
        of_file=False,
    ),
}
TIMES: dict[str, Wrong] = {
    "times not named": Wrong(RIGHT, (), "line 2: 'time' is '2024-01-01 00:00'", (option(0), option(2))),
    "both readings of dates": Wrong(
        MONTHS, (*TIME, "--gaps", "break"), "'02/01/2000' in line 3", (option(0), option(1))
    ),
    "two formats": Wrong(
        with_cell(60, "time", "03.01.2024 12:00"),
        TIME,
        "line 62: 'time' is '03.01.2024 12:00'",
        (line("2024-01-03 12:00", old="03.01.2024 12:00"),),
    ),
    "no date": Wrong(
        with_cell(60, "time", "yesterday"), TIME, "line 62", (line("2024-01-03 12:00", old="yesterday"),)
    ),
    "missing time": Wrong(with_cell(60, "time", ""), TIME, "line 62: 'time' is ''", (line(LINES[61]),)),
    "another format told": Wrong(
        RIGHT,
        (*TIME, "--time-format", "%d.%m.%Y"),
        "line 2: 'time'",
        (say("--time-format", "%Y-%m-%d %H:%M"),),
    ),
    "no format": Wrong(
        timed(SPRING, "%d.%m.%Y %H:%M"),
        (*TIME, "--time-format", "%Q"),
        "--time-format: received '%Q'",
        (say("--time-format", "%d.%m.%Y %H:%M"),),
        of_file=False,
    ),
    "hour that comes twice": Wrong(timed(AUTUMN), TIME, "line 173", (option(),)),
    "hour that is never shown": Wrong(
        timed(SPRING),
        (*TIME, "--zone", "Europe/Berlin"),
        "line 148",
        (leave_out("--zone"), say("--zone", "+01:00")),
    ),
    "unknown zone": Wrong(
        RIGHT, (*TIME, "--zone", "Europe/Berln"), "unknown zone", (nearest,), of_file=False
    ),
    "zone of numbers": Wrong(
        csv(TABLE.assign(time=range(ROWS))),
        (*TIME, "--zone", "Europe/Berlin"),
        "holds numbers",
        (leave_out(),),
        of_file=False,
    ),
    "an offset is missing": Wrong(
        timed(AUTUMN, "%Y-%m-%dT%H:%M%z").replace("23T05:00+0200", "23T05:00"),
        TIME,
        "line 79",
        (line("23T05:00+0200", old="23T05:00"),),
    ),
    "several offsets": Wrong(
        timed(AUTUMN, "%Y-%m-%dT%H:%M%z"),
        (*TIME, "--calendar", "hour"),
        "offsets of 'time'",
        (option(zone="Europe/Berlin"),),
    ),
    "hole": Wrong(csv(TABLE.drop(range(90, 95))), TIME, "after line 91", (option(0), option(1, 2))),
    "uneven": Wrong(
        csv(TABLE.assign(time=UNEVEN)),
        TIME,
        "steps of many lengths",
        (lambda message, command: option()(message, leave_out("--time")(message, command)),),
    ),
    "hole of half a step": Wrong(
        csv(TABLE.replace({"time": {TABLE["time"][90]: "2024-01-04 18:30"}})),
        (*TIME, "--gaps", "fill", "--missing", "ffill"),
        "after line 91",
        (option(),),
    ),
    "falling": Wrong(csv(TABLE[::-1]), TIME, "line 3: 'time' is earlier", (code,)),
    "copy of a row": Wrong(csv(TABLE.iloc[[*range(50), *range(49, ROWS)]]), TIME, "line 52", (code,)),
    "time that comes twice": Wrong(
        csv(pd.concat([TABLE[:50], TABLE[49:50].assign(load=1), TABLE[50:]])), TIME, "line 52", (code,)
    ),
    "clock in another column": Wrong(
        csv(TABLE[["load"]].assign(date=DAYS, clock=CLOCK)),
        ("--time", "date"),
        "line 3: 'date' repeats",
        (option(),),
    ),
    "clock first": Wrong(
        csv(TABLE[["load"]].assign(date=DAYS, clock=CLOCK)),
        ("--time", "clock,date"),
        "'clock' is no date",
        (option(),),
        of_file=False,
    ),
    "format of no times": Wrong(
        RIGHT, ("--time-format", "%Y-%m-%d %H:%M"), "without time", (option(time="time"),), of_file=False
    ),
    "gaps of no times": Wrong(
        RIGHT, ("--gaps", "break"), "without time", (option(time="time"),), of_file=False
    ),
    "calendar of no times": Wrong(RIGHT, ("--calendar", "hour"), "line 2: 'time'", (option(0),)),
    "calendar of numbers": Wrong(
        csv(TABLE.assign(time=range(ROWS))),
        (*TIME, "--calendar", "hour"),
        "'time' holds numbers",
        (write(RIGHT), leave_out("--calendar")),
    ),
    "unknown field": Wrong(
        RIGHT, (*TIME, "--calendar", "hours"), "received 'hours'", (nearest,), of_file=False
    ),
    "holiday of no country": Wrong(
        RIGHT,
        (*TIME, "--calendar", "holiday"),
        "--calendar: received 'holiday'",
        (say("--calendar", "holiday:DE"), say("--calendar", "holiday:DE-BY")),
        of_file=False,
    ),
}
WINDOWS: dict[str, Wrong] = {
    "filled, but with what": Wrong(
        csv(TABLE.drop(range(90, 95))),
        (*TIME, "--gaps", "fill"),
        "--gaps: received 'fill'",
        (option(),),
        of_file=False,
    ),
    "long window": Wrong(
        RIGHT,
        (*TIME, "--window", "180", "--horizon", "3"),
        "together they may have 140 steps at most",
        (say("--window", "137"), both(say("--window", "113"), say("--horizon", "27"))),
    ),
    "long horizon": Wrong(
        RIGHT,
        (*TIME, "--window", "8", "--horizon", "100"),
        "together they may have 140 steps, and the horizon 30 at most",
        (say("--horizon", "30"), both(say("--horizon", "30"), say("--window", "110"))),
    ),
    "one row": Wrong("\n".join(LINES[:2]), TIME, "the train part has 1 row", (write(RIGHT),)),
    "unknown scaling": Wrong(RIGHT, (*TIME, "--scaling", "al"), "unknown scaling", (nearest,), of_file=False),
    "label": Wrong(
        RIGHT, (*TIME, "--label", "temp"), "--label: received 'temp'", (leave_out(),), of_file=False
    ),
}
SERIES: dict[str, Wrong] = {**FILES, **COLUMNS, **TIMES, **WINDOWS}
