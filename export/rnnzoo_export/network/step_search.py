"""How many steps a model needs: convolutions, pooling and slices take some away before a layer reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rnnzoo.errors import ExportError

#: Every number of steps up to the first is tried, and powers of two up to the second.
_ALL, _MOST = 32, 2**14
#: The sizes that are tried for free axes after time.
INNER = (3, 8, 32, 128)


def find_steps(
    answers: Callable[[int, int], bool], name: str, inner_sizes: Sequence[int] = INNER
) -> tuple[int, int]:
    """Finds the fewest steps that a model takes.

    Args:
        answers: Whether the model answers a row of so many steps, with free axes after time of a size, with finite
            numbers; it raises ``ExportError`` where the model cannot answer.
        name: What messages call the model.
        inner_sizes: What is tried for those axes.

    Returns:
        The steps, and the size of free axes after time.

    Raises:
        ExportError: If the model takes none of those that are tried.
    """
    search = _Search(answers)
    for inner in inner_sizes:
        for steps in (*range(1, _ALL + 1), *_doubles()):
            if search.works(steps, inner):
                return (steps if steps <= _ALL else search.fewest(steps // 2, steps, inner)), inner
        if search.answered is not None:  # without a finite number, which the comparison reports
            return search.answered
    raise ExportError(
        f"{name}: answers no sequence of 1 to {_ALL} steps, nor of any power of two up to {_MOST}; the last cause: "
        f"{search.cause} Fix the number of steps in its input to one that it takes: keras.Input((steps, features))."
    )


def nearby_steps(answers: Callable[[int, int], bool], wanted: int, least: int, inner: int) -> int:
    """Returns the number of steps next to ``wanted`` that a model takes, rather more than fewer."""
    search = _Search(answers)
    for steps in (*range(wanted, wanted + 9), *range(wanted - 1, least, -1)):
        if search.works(steps, inner):
            return steps
    return least


class _Search:
    def __init__(self, answers: Callable[[int, int], bool]) -> None:
        self._answers = answers
        self.cause = ""
        self.answered: tuple[int, int] | None = None

    def works(self, steps: int, inner: int) -> bool:
        try:
            finite = self._answers(steps, inner)
        except ExportError as error:
            self.cause = str(error)
            return False
        if self.answered is None:
            self.answered = steps, inner
        return finite

    def fewest(self, fails: int, works: int, inner: int) -> int:
        """Halves the distance between a number that fails and one that works."""
        while works - fails > 1:
            middle = (fails + works) // 2
            fails, works = (fails, middle) if self.works(middle, inner) else (middle, works)
        return works


def _doubles() -> list[int]:
    sizes = []
    steps = _ALL * 2
    while steps <= _MOST:
        sizes.append(steps)
        steps *= 2
    return sizes
