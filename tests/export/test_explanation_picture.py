"""Truth of ``rnnzoo_export.explanation.picture`` and ``rnnzoo_export.explanation.explanation``: what users see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from rnnzoo.errors import ArgumentError, PathExistsError
from rnnzoo_export import ExamplePart, ExplainedAnswer, Explanation
from rnnzoo_export.explanation.explanation import Kind
from rnnzoo_export.explanation.picture import draw


def explained(
    *answers: ExplainedAnswer, kinds: tuple[Kind, ...], lines: dict[str, tuple[float, ...]] | None = None
) -> Explanation:
    """An explanation of three parts of each kind."""
    parts = tuple(ExamplePart(kind, f"{kind} {n}", "features", n, n + 1) for kind in kinds for n in range(3))
    measure = "drop of the log-probability of the answer"
    return Explanation({"label": "late"}, measure, "left out", parts, answers, lines or {})


LATE = ExplainedAnswer("late", "", 0.9, (0.5, -0.25, 0.0))
SERIES = explained(
    ExplainedAnswer("late", "", 0.9, (0.5, -0.25, 0.0, 0.1, 2.0, -1.0)),
    kinds=("steps", "channels"),
    lines={f"channels {n}": (1.0, 2.0, float(n)) for n in range(3)},
)
TAGS = explained(
    ExplainedAnswer("B", "Ada", 0.9, (0.5, 0.1, 0.0)),
    ExplainedAnswer("O", "sleeps", 0.8, (0.0, 0.7, 0.2)),
    kinds=("words",),
)


def test_words_stand_on_a_ground_of_their_importance() -> None:
    figure = draw(explained(LATE, kinds=("words",)))
    title, *words = figure.texts
    assert title.get_text() == "late, probability 0.9:\norange is for it, blue against (0.5 at most)"
    grounds = np.array([to_rgb(word.get_bbox_patch().get_facecolor()) for word in words])  # type: ignore[union-attr]
    assert [word.get_text() for word in words] == ["words 0", "words 1", "words 2"]
    np.testing.assert_allclose(grounds[0], to_rgb("#D55E00"))
    np.testing.assert_allclose(grounds[1], 1 - (1 - np.array(to_rgb("#0072B2"))) / 2)
    np.testing.assert_allclose(grounds[2], [1, 1, 1])


def test_words_are_wrapped_within_the_picture() -> None:
    words = tuple(ExamplePart("words", f"word{n}", "tokens", n, n + 1) for n in range(40))
    answer = ExplainedAnswer("late", "", 0.9, tuple(np.linspace(-1, 1, 40).tolist()))
    figure = draw(Explanation({}, "drop", "left out", words, (answer,)))
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.texts]
    assert all(0 <= box.x0 <= box.x1 <= figure.bbox.width for box in boxes)
    assert all(0 <= box.y0 <= box.y1 <= figure.bbox.height for box in boxes)
    tops = [box.y0 for box in boxes[1:]]
    assert len({round(top) for top in tops}) > 5


def test_series_have_shaded_steps_and_bars_of_channels() -> None:
    *lines, bars = draw(SERIES).axes
    assert [axes.get_title(loc="left") for axes in lines] == ["channels 0", "channels 1", "channels 2"]
    assert [len(axes.patches) for axes in lines] == [3, 3, 3]
    assert [round(bar.get_width(), 3) for bar in bars.patches if isinstance(bar, Rectangle)] == [
        -1.0,
        0.1,
        2.0,
    ]


def test_tags_are_a_table_of_words_by_words() -> None:
    (axes,) = draw(TAGS).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Ada: B", "sleeps: O"]
    table = axes.images[0].get_array()
    assert table is not None
    np.testing.assert_allclose(table[1][1], to_rgb("#D55E00"))


@pytest.mark.parametrize("explanation", [explained(LATE, kinds=("words",)), SERIES, TAGS])
def test_a_picture_is_as_wide_as_a_telephone(explanation: Explanation, tmp_path: Path) -> None:
    path = explanation.save_picture(tmp_path / "e.png")
    height, width, _ = imread(path).shape
    assert width == 780  # drawn twice as fine as 390 pixels
    assert 100 < height < 1600
    with pytest.raises(PathExistsError):
        explanation.save_picture(path)
    explanation.save_picture(path, overwrite=True)
    with pytest.raises(
        ArgumentError, match=r"picture: received '.*e\.jpg'; expected a name that ends in \.png\."
    ):
        explanation.save_picture(tmp_path / "e.jpg")


def test_an_explanation_is_written_and_shown(tmp_path: Path) -> None:
    content = json.loads(SERIES.save(tmp_path / "e.json").read_text())
    assert content == json.loads(json.dumps(SERIES.to_dict()))
    assert content["answers"][0]["importances"] == [0.5, -0.25, 0.0, 0.1, 2.0, -1.0]
    assert [part["name"] for part in content["parts"]][:1] == ["steps 0"]
    assert [part.name for part, _ in SERIES.ranked("channels")] == ["channels 1", "channels 0", "channels 2"]
    assert "channels 1  2" in repr(SERIES)
    assert "sleeps" in TAGS._repr_html_()
    assert TAGS.tables()[0].rows[1]["rests on"] == "words 1 0.7, words 2 0.2, words 0 0"
