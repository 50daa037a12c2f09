"""Which tensors raw rows are, by what a preprocessing takes."""

from __future__ import annotations

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.categories import CategoryPreprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo.preprocessing.joined import JoinedPreprocessing
from rnnzoo.preprocessing.number_rows import NumbersPreprocessing
from rnnzoo.preprocessing.windows import WindowPreprocessing
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.inference.raw_tensors.irregular_tensors import IrregularTensors
from rnnzoo_export.inference.raw_tensors.joined_tensors import JoinedTensors
from rnnzoo_export.inference.raw_tensors.single_tensors import CategoryTensors, NumbersTensors
from rnnzoo_export.inference.raw_tensors.sound_tensors import SoundTensors
from rnnzoo_export.inference.raw_tensors.step_tensors import StepTensors
from rnnzoo_export.inference.raw_tensors.text_tensors import TextTensors
from rnnzoo_export.inference.raw_tensors.window_tensors import WindowTensors

_FRAME_AXES = ("height", "width", "channels")


def find_raw_tensors(preprocessing: Preprocessing) -> RawTensors:
    """Returns the tensors that raw rows of a preprocessing are.

    A class of a user says by ``takes`` what its rows are. Sizes that it does not tell are free.

    Raises:
        ArgumentError: If it does not say, or two tensors would have one name.

    Example:
        >>> from rnnzoo.preprocessing import DNAPreprocessing
        >>> [(spec.name, spec.dtype) for spec in find_raw_tensors(DNAPreprocessing()).inputs]
        [('sequence', 'string')]
    """
    takes = preprocessing.takes
    if takes in ("text", "words"):
        return TextTensors()
    if takes == "dna":
        return TextTensors("sequence")
    if takes == "sound":
        return SoundTensors()
    if isinstance(preprocessing, JoinedPreprocessing):
        return JoinedTensors({name: _of_part(name, part) for name, part in preprocessing.by_name.items()})
    if isinstance(preprocessing, CategoryPreprocessing):
        return CategoryTensors(is_text=isinstance(preprocessing.categories[0], str))
    # A subclass may read something else of a row.
    if type(preprocessing) is WindowPreprocessing:
        return WindowTensors(preprocessing)
    found = _of_numbers(preprocessing)
    if found is None:
        raise ArgumentError(
            f"preprocessing: {type(preprocessing).__name__}, which takes {takes!r}, does not say what its rows are as "
            "tensors; expected texts, series, sound or another kind of rnnzoo's. Send rows to predict, or tensors of "
            "the network."
        )
    return found


def _of_numbers(preprocessing: Preprocessing) -> RawTensors | None:
    takes, made = preprocessing.takes, preprocessing
    if takes == "series":
        if isinstance(made, FeaturePreprocessing):
            return StepTensors("series", (len(made.mean),), ("features",), masked=made.variable_length)
        return StepTensors("series", (None,), ("features",), masked=True)
    if takes == "irregular":
        return IrregularTensors(len(made.mean) if isinstance(made, IrregularPreprocessing) else None)
    if takes == "frames":
        if isinstance(made, FramePreprocessing):
            return StepTensors("video", made.frame_shape, _FRAME_AXES, masked=made.variable_length)
        return StepTensors("video", (None, None, None), _FRAME_AXES, masked=True)
    if takes == "numbers":
        return NumbersTensors(len(made.mean) if isinstance(made, NumbersPreprocessing) else None)
    return None


def _of_part(name: str, part: Preprocessing) -> RawTensors:
    try:
        return find_raw_tensors(part)
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from error
