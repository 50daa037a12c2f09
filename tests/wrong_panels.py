"""Wrong tables of several series, and what is wrong with a command on one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from wrong_tables import (
    ROWS,
    SHOP,
    TIME,
    Wrong,
    code,
    csv,
    hourly,
    leave_out,
    line,
    option,
    panel,
    say,
    write,
)

RIGHT = csv(panel())
KINDS = pd.concat([panel(kind=kind) for kind in ("a", "b")])
UNNAMED = "the table holds several series"


def with_shop(row: int, shop: str) -> str:
    table = panel()
    table.loc[row, "shop"] = shop
    return csv(table)


PANELS: dict[str, Wrong] = {
    "several series": Wrong(RIGHT, TIME, UNNAMED, (option(),)),
    "several series without times": Wrong(RIGHT, ("--ignore", "temp"), UNNAMED, (option(),)),
    "one of several series": Wrong(RIGHT, (*TIME, "--ignore", "shop"), UNNAMED, (code,)),
    "series by number": Wrong(csv(panel(shop=np.repeat([1, 2], ROWS))), TIME, UNNAMED, (option(), code)),
    "series by two columns": Wrong(csv(KINDS), TIME, "every value of 'shop' and 'kind'", (option(),)),
    "series without a name": Wrong(csv(panel().drop(columns="shop")), TIME, "starts anew 2 times", (code,)),
    "series without times": Wrong(
        RIGHT, SHOP[2:], "--series: received 'shop'", (option(time="time"),), of_file=False
    ),
    "series is the time": Wrong(
        RIGHT,
        (*TIME, "--series", "time"),
        "--series: received 'time'",
        (say("--series", "shop"),),
        of_file=False,
    ),
    "series of no name in a row": Wrong(
        with_shop(7, ""),
        SHOP,
        "line 9: 'shop' is missing",
        (line("2024-01-01 07:00,7,7.5,north"),),
    ),
    "row that comes twice": Wrong(
        csv(pd.concat([panel(), panel()[5:6]])), SHOP, "line 402: 'time'", (line(),)
    ),
    "series named by half": Wrong(
        csv(KINDS), (*SHOP, "--categorical", "kind"), "line 402: 'time'", (say("--series", "shop,kind"),)
    ),
    "hole in a series": Wrong(
        csv(panel().drop(range(250, 255))), SHOP, "after line 251 of 'south'", (option(0), option(1, 2))
    ),
    "series of another step": Wrong(
        csv(pd.concat([hourly(shop="north"), hourly(shop="south")[::2]])),
        SHOP,
        "the series 'south' has steps of 2 hours",
        (write(csv(panel().query("shop != 'south'"))),),
    ),
    "static that changes": Wrong(
        csv(panel(size=np.arange(2.0 * ROWS))),
        (*SHOP, "--static", "size"),
        "line 3: 'size' is 1.0",
        (leave_out("--static"),),
    ),
    "static without a value": Wrong(
        csv(panel(size=np.repeat([1.0, np.nan], ROWS))),
        (*SHOP, "--static", "size"),
        "of the series 'south'",
        (write(csv(panel(size=np.repeat([1.0, 2.0], ROWS)))),),
    ),
    "static text without a value": Wrong(
        csv(panel(kind=np.repeat(["a", ""], ROWS))),
        (*SHOP, "--static", "kind"),
        "'kind' is missing in all rows",
        (write(csv(panel(kind=np.repeat(["a", "b"], ROWS)))),),
    ),
    "static of one series": Wrong(
        csv(hourly()), (*TIME, "--static", "temp"), "--static: received 'temp'", (leave_out(),), of_file=False
    ),
    "target is the series": Wrong(
        RIGHT,
        (*SHOP, "--target", "shop"),
        "--target: received 'shop'",
        (say("--target", "load"),),
        of_file=False,
    ),
    "target is static": Wrong(
        RIGHT,
        (*SHOP, "--static", "load"),
        "--target: received 'load'",
        (leave_out("--static"),),
        of_file=False,
    ),
    "target is known ahead": Wrong(
        RIGHT,
        (*SHOP, "--future", "load"),
        "--target: received 'load'",
        (leave_out("--future"),),
        of_file=False,
    ),
    "static and known ahead": Wrong(
        RIGHT,
        (*SHOP, "--future", "temp", "--static", "temp"),
        "--static: received 'temp'",
        (leave_out("--static"),),
        of_file=False,
    ),
    "known ahead and missing": Wrong(
        csv(panel(price=[1.0] * 100 + [np.nan] + [1.0] * (2 * ROWS - 101))),
        (*SHOP, "--future", "price"),
        "line 102: 'price' is missing",
        (option(),),
    ),
    "scaled by series": Wrong(
        RIGHT,
        (*TIME, "--scaling", "series"),
        "--scaling: received 'series'",
        (option(series="shop"),),
        of_file=False,
    ),
    "scaled by the only series": Wrong(
        csv(hourly()),
        (*TIME, "--scaling", "series"),
        "--scaling: received 'series'",
        (say("--scaling", "all"),),
        of_file=False,
    ),
}
