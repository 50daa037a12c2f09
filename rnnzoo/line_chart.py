"""A small chart of values over epochs, as SVG that a page or a notebook holds in itself."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

# The colours can be told apart by colour-blind readers, on white and on black; the second line is dashed as well.
_LINES = (("#0072B2", ""), ("#D55E00", ' stroke-dasharray="6 3"'))
_WIDTH, _HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 26, 26


def line_chart(series: Mapping[str, Sequence[float]], *, title: str, marked: int) -> str:
    """Draws up to two lines over the epochs, which are counted from 1.

    Args:
        series: The values of each line by its name, one for each epoch; what is not finite is left out.
        title: What is shown.
        marked: The epoch to mark.

    Example:
        >>> line_chart({"training": [0.5, 0.8]}, title="accuracy", marked=2)[:4]
        '<svg'
    """
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    if not finite:
        return ""
    epochs = max(len(values) for values in series.values())
    low, high = min(finite), max(finite)

    def place(epoch: float, value: float) -> str:
        across = _LEFT + (_WIDTH - _LEFT - _RIGHT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)
        up = (_HEIGHT - _TOP - _BOTTOM) * ((value - low) / (high - low) if high > low else 0.5)
        return f"{across:.1f},{_HEIGHT - _BOTTOM - up:.1f}"

    parts = [_axes(low, high, epochs)]
    across = place(marked, low).partition(",")[0]
    parts.append(
        f'<line x1="{across}" x2="{across}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="currentColor" '
        'stroke-opacity="0.6" stroke-dasharray="2 3"/>'
    )
    for number, (name, values) in enumerate(series.items()):
        points = [place(epoch, value) for epoch, value in enumerate(values, start=1) if math.isfinite(value)]
        parts.append(_line(number, name, points))
    words = html.escape(f"{title} over {epochs} epochs: {', '.join(series)}; epoch {marked} is marked")
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {_WIDTH} {_HEIGHT}" style="width:100%;'
        f'max-width:{_WIDTH}px;height:auto" font-size="12" font-family="sans-serif" fill="currentColor">'
        f'<text x="0" y="14" font-weight="600">{html.escape(title)}</text>{"".join(parts)}</svg>'
    )


def _axes(low: float, high: float, epochs: int) -> str:
    bottom = _HEIGHT - _BOTTOM
    return (
        f'<path d="M{_LEFT},{_TOP}V{bottom}H{_WIDTH - _RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>'
        f'<text x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{high:.3g}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">epoch 1</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{epochs}</text>'
    )


def _line(number: int, name: str, points: Sequence[str]) -> str:
    colour, dashes = _LINES[number % len(_LINES)]
    legend = _WIDTH - _RIGHT - 190 + 100 * number
    dots = "".join(
        '<circle cx="{}" cy="{}" r="3" fill="{}"/>'.format(*point.split(","), colour)
        for point in points
        if len(points) < 3
    )
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>{dots}'
        f'<path d="M{legend},10h20" stroke="{colour}" stroke-width="2"{dashes}/>'
        f'<text x="{legend + 25}" y="14">{html.escape(name)}</text>'
    )
