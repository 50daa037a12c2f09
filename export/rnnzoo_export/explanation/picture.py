"""The picture of an explanation, as wide as a telephone: words in colour, series with shaded steps, bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.report import show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from rnnzoo_export.explanation.explanation import ExamplePart, Explanation

# 390 pixels at 100 to the inch; drawn twice as fine.
_WIDTH, _DPI, _LETTERS = 3.9, 200, 10.0
# For and against can be told apart by colour-blind readers (Okabe & Ito 2008).
_FOR, _AGAINST, _LINE = "#D55E00", "#0072B2", "#333333"
_MOST_LINES, _MOST_BARS, _MOST_TAGS = 3, 10, 16
_LONGEST = 26
# Heights in inches.
_ROW, _PANEL, _HEAD = 0.3, 1.35, 0.75
_STYLE: Any = {  # the names that matplotlib takes are typed one by one
    "font.size": _LETTERS,
    "axes.titlesize": _LETTERS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": _DPI,
    "savefig.dpi": _DPI,
}


def draw(explanation: Explanation) -> Figure:
    """Draws an explanation.

    Args:
        explanation: What to draw.

    Returns:
        A figure that is readable at a width of 390 pixels.
    """
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        if len(explanation.answers) > 1:
            return _draw_many(explanation)
        if explanation.kinds == ("words",):
            return _draw_words(explanation)
        return _draw_series(explanation)


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDTH, height), layout="constrained")


def _title(explanation: Explanation) -> str:
    """Returns what is explained, and below it what the strongest colour stands for."""
    answer = explanation.answers[0]
    if answer.probability is None:
        return f"{_cut(answer.name)}: its change without a part,\n{_strongest(explanation)} at most"
    return (
        f"{_cut(answer.name)}, probability {show(float(answer.probability))}:\n"
        f"orange is for it, blue against ({_strongest(explanation)} at most)"
    )


def _strongest(explanation: Explanation) -> str:
    return f"{max(map(abs, explanation.answers[0].importances), default=0.0):.2g}"


def _draw_words(explanation: Explanation) -> Figure:
    """Draws the words as a text in lines, each on a ground of its importance."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = explanation.answers[0].importances
    # The lines are found on a canvas of any height first.
    lines = _wrap(FigureCanvasAgg(Figure(figsize=(_WIDTH, 1.0))), explanation.parts)
    height = _HEAD + _ROW * len(lines)
    figure = Figure(figsize=(_WIDTH, height))
    figure.text(0.02, 1 - 0.12 / height, _title(explanation), va="top", fontweight="bold")
    most = max(map(abs, values), default=0.0)
    for number, line in enumerate(lines):
        up = 1 - (_HEAD + _ROW * (number + 0.35)) / height
        for place, across in line:
            ground = _ground(values[place], most)
            figure.text(
                across,
                up,
                _cut(explanation.parts[place].name),
                va="center",
                color="white" if abs(values[place]) > 0.6 * most else "black",
                bbox={"facecolor": ground, "edgecolor": "none", "boxstyle": "round,pad=0.18"},
            )
    return figure


def _wrap(canvas: FigureCanvasAgg, parts: Sequence[ExamplePart]) -> list[list[tuple[int, float]]]:
    """Returns the lines of words: the number of each, and where it begins, as a share of the width."""
    renderer = canvas.get_renderer()
    lines: list[list[tuple[int, float]]] = [[]]
    across, gap = 0.03, 0.028
    for number, part in enumerate(parts):
        text = canvas.figure.text(0, 0, _cut(part.name))
        width = text.get_window_extent(renderer).width / canvas.figure.bbox.width
        text.remove()
        if lines[-1] and across + width > 0.97:
            lines.append([])
            across = 0.03
        lines[-1].append((number, across))
        across += width + gap
    return lines


def _ground(value: float, most: float) -> tuple[float, float, float]:
    """Returns the colour of an importance: from white to the colour for or against the answer."""
    from matplotlib.colors import to_rgb

    share = 0.0 if most == 0 else min(1.0, abs(value) / most)
    colour = np.array(to_rgb(_FOR if value >= 0 else _AGAINST))
    red, green, blue = (1 - share * (1 - colour)).tolist()
    return red, green, blue


def _draw_series(explanation: Explanation) -> Figure:
    """Draws the series with shaded steps above bars of all other parts."""
    timed = [kind for kind in explanation.kinds if kind not in ("channels", "columns")]
    names = _lines_to_draw(explanation)
    bars = [kind for kind in explanation.kinds if kind not in timed]
    shades = _inputs(explanation, timed)
    heights = [_PANEL] * max(len(names), 1) * bool(timed)
    heights += [_PANEL] * len(shades[1:])
    counts = [min(_MOST_BARS, len(explanation.ranked(kind))) for kind in bars]
    heights += [0.55 + 0.24 * count for count in counts]
    figure = _figure(sum(heights) + 0.5)
    panels = np.atleast_1d(figure.subplots(len(heights), 1, height_ratios=heights)).tolist()
    figure.suptitle(_title(explanation), fontweight="bold", fontsize=_LETTERS, x=0.02, ha="left")
    if timed:
        for name in names or [""]:
            _draw_line(panels.pop(0), explanation, timed, name)
        for name in shades[1:]:
            _draw_shades(panels.pop(0), explanation, timed, name)
    for kind in bars:
        _draw_bars(panels.pop(0), explanation, kind)
    return figure


def _inputs(explanation: Explanation, kinds: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(part.input for part in explanation.parts if part.kind in kinds))


def _lines_to_draw(explanation: Explanation) -> list[str]:
    """Returns the names of the series to draw: those that matter most, in their order."""
    values = {
        part.name: abs(value)
        for part, value in explanation.ranked()
        if part.kind in ("channels", "columns") and part.name in explanation.lines
    }
    ranked = sorted(explanation.lines, key=lambda name: -values.get(name, 0.0))[:_MOST_LINES]
    return [name for name in explanation.lines if name in ranked]


def _draw_line(axes: Axes, explanation: Explanation, kinds: Sequence[str], name: str) -> None:
    """Draws one series over its steps, on a ground of their importance; without a series the importances alone."""
    first = _inputs(explanation, kinds)[0]
    pairs = _pairs(explanation, kinds, first)
    if not name:
        _draw_shades(axes, explanation, kinds, first)
        return
    most = max((abs(value) for _, value in pairs), default=0.0)
    for part, value in pairs:
        axes.axvspan(part.start - 0.5, part.stop - 0.5, color=_ground(value, most), alpha=0.75, linewidth=0)
    values = explanation.lines[name]
    marker = "o" if len(values) < 20 else None
    axes.plot(range(len(values)), values, color=_LINE, linewidth=1.4, marker=marker, markersize=3)
    axes.set_xlim(-0.5, max(part.stop for part, _ in pairs) - 0.5)
    axes.set_title(_cut(name), loc="left")
    axes.set_xlabel(_axis(explanation, kinds))


def _draw_shades(axes: Axes, explanation: Explanation, kinds: Sequence[str], name: str) -> None:
    """Draws the importance of the parts of one input along the time, as bars."""
    pairs = _pairs(explanation, kinds, name)
    axes.bar(
        [(part.start + part.stop - 1) / 2 for part, _ in pairs],
        [value for _, value in pairs],
        width=[part.stop - part.start for part, _ in pairs],
        color=[_FOR if value >= 0 else _AGAINST for _, value in pairs],
    )
    axes.axhline(0, color=_LINE, linewidth=0.8)
    axes.set_xlabel(
        _axis(explanation, kinds) if name == _inputs(explanation, kinds)[0] else f"step of {name}"
    )


def _axis(explanation: Explanation, kinds: Sequence[str]) -> str:
    return {"steps": "step", "frames": "frame", "bases": "base", "words": "word"}[kinds[0]]


def _pairs(explanation: Explanation, kinds: Sequence[str], name: str) -> list[tuple[ExamplePart, float]]:
    pairs = zip(explanation.parts, explanation.answers[0].importances, strict=True)
    return [(part, value) for part, value in pairs if part.kind in kinds and part.input == name]


def _draw_bars(axes: Axes, explanation: Explanation, kind: Any) -> None:
    """Draws the most important channels or columns as bars, the longest on top."""
    pairs = explanation.ranked(kind)[:_MOST_BARS][::-1]
    values = [value for _, value in pairs]
    axes.barh(range(len(pairs)), values, color=[_FOR if value >= 0 else _AGAINST for value in values])
    axes.set_yticks(range(len(pairs)), [_cut(part.name) for part, _ in pairs])
    axes.axvline(0, color=_LINE, linewidth=0.8)
    left = len(explanation.ranked(kind)) - len(pairs)
    axes.set_title(f"{kind}{f', the first {len(pairs)} of {left + len(pairs)}' if left else ''}", loc="left")


def _draw_many(explanation: Explanation) -> Figure:
    """Draws which words, or steps, each of the tags rests on: a row for a tag, a column for a part."""
    answers = explanation.answers[:_MOST_TAGS]
    words = explanation.kinds[0] == "words"
    parts = [number for number, part in enumerate(explanation.parts) if part.kind == explanation.kinds[0]]
    parts = parts[:_MOST_TAGS] if words else parts
    table = np.array([[row.importances[number] for number in parts] for row in answers])
    figure = _figure(0.24 * len(answers) + (1.6 if words else 1.1))
    axes = figure.subplots()
    most = max(float(np.abs(table).max(initial=0.0)), 1e-12)
    axes.imshow(
        [[_ground(value, most) for value in row] for row in table.tolist()],
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_yticks(range(len(answers)), [_cut(f"{row.of}: {row.name}") for row in answers])
    if words:
        names = [_cut(explanation.parts[number].name) for number in parts]
        axes.set_xticks(range(len(parts)), names, rotation=60, ha="right", rotation_mode="anchor")
    else:
        places = np.unique(np.linspace(0, len(parts) - 1, 5).round().astype(int))
        axes.set_xticks(places, [str(explanation.parts[parts[place]].start) for place in places])
        axes.set_xlabel(f"{explanation.kinds[0][:-1]} that is hidden")
    left = len(explanation.answers) - len(answers)
    more = f" (first {len(answers)} of {len(explanation.answers)})" if left else ""
    figure.suptitle(
        f"What each tag rests on{more},\nup to {show(most)} of log-probability",
        fontweight="bold",
        fontsize=_LETTERS,
        x=0.02,
        ha="left",
    )
    return figure


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
