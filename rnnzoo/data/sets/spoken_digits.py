"""The Free Spoken Digit Dataset."""

from __future__ import annotations

from pathlib import PurePosixPath

from rnnzoo import checks
from rnnzoo.data.readers.audio import audio_splits
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.splits import Splits
from rnnzoo.errors import DataError
from rnnzoo.tasks import get_task

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEST_RECORDINGS = 5


def fsdd(request: SetRequest, *, task: str = "classification", held_out: str | None = None) -> Splits:
    """Reads 3,000 recordings at 8 kHz of the digits zero to nine by six speakers.

    Args:
        request: What is wanted.
        task: ``"classification"``, or ``"transcription"`` for the digits' names, letter by letter.
        held_out: A speaker who is the test part and in no other; ``None`` for the test part of the set: recordings 0
            to 4 of each digit and speaker.
    """
    request.refuse_fractions("test_fraction")
    checks.choice("task", task, ("classification", "transcription"))
    if held_out is not None:
        checks.choice("held-out speaker", held_out, SPEAKERS)
    files = request.files()
    (path,) = files

    def name_parts(name: str) -> tuple[int, str, int]:
        try:
            digit, speaker, index = PurePosixPath(name).stem.split("_")
            return int(digit), speaker, int(index)
        except ValueError as error:
            raise DataError(
                f"{path}: has the recording {name!r}; expected DIGIT_SPEAKER_INDEX.wav. Fetch the set again."
            ) from error

    def target(name: str) -> str:
        digit = name_parts(name)[0]
        return WORDS[digit] if get_task(task).targets == "symbols" else str(digit)

    def is_test(name: str) -> bool:
        _, speaker, index = name_parts(name)
        return index < _TEST_RECORDINGS if held_out is None else speaker == held_out

    splits = audio_splits(
        path,
        target,
        task=task,
        test=is_test,
        validation_fraction=request.validation_fraction,
        seed=request.seed,
        description={"source": "fsdd", "held_out": held_out, **files.facts},
    )
    request.check_count(sum(splits.description["rows"].values()), unit="recordings")
    return splits
