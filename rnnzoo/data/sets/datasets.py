"""Named data sets."""

from __future__ import annotations

import fnmatch
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rnnzoo import checks
from rnnzoo.data.sets.corpus_sets import CORPUS_SETS
from rnnzoo.data.sets.registered_sets import check_reader, describe_reader, read_registered
from rnnzoo.data.sets.sequence_sets import SEQUENCE_SETS
from rnnzoo.data.sets.series_sets import SERIES_SETS
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.sets.sources import Source, find_sources, get_source
from rnnzoo.data.sets.tagging_sets import TAGGING_SETS
from rnnzoo.data.sets.text_sets import TEXT_SETS
from rnnzoo.data.splits import Splits
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.registry import Registry

#: What reads each set. A reader of rnnzoo takes a ``SetRequest`` and options; one that a user registers takes options
#: and, by these names, what it wants of ``seed``, ``validation_fraction``, ``test_fraction``, ``fold`` and ``folds``.
DATASETS: Registry[Callable[..., Splits]] = Registry(
    "data set",
    {**CORPUS_SETS, **SEQUENCE_SETS, **SERIES_SETS, **TAGGING_SETS, **TEXT_SETS},
    check=check_reader,
)

#: Sets without a test part of their own whose rows can be cut into folds.
FOLDED = ("digits", "libras", "physionet2012", "sms_spam", "splice", "subj")


def load_dataset(
    name: str,
    *,
    seed: int = 0,
    validation_fraction: float = FRACTION,
    test_fraction: float = FRACTION,
    download: bool | None = None,
    fold: int | None = None,
    folds: int | None = None,
    **options: Any,
) -> Splits:
    """Loads a named data set.

    ``"digits"`` and ``"moving_digits"`` work offline. All others are read from the folder that ``RNNZOO_DATA`` names,
    or from the cache (``RNNZOO_CACHE``, else the usual place of the platform), where downloads go. Every file is
    compared with its known checksum, what it holds with what was published, and refused where it was cut or altered.
    ``list_datasets`` says what each set is; an option is an argument of the set's reader:

    * texts to classify: ``"ag_news"`` (``official``), ``"imdb"``, ``"sms_spam"``, ``"snips"`` (``task="tagging"`` for
      its slots, ``characters``), ``"subj"``, ``"trec"`` (``labels="fine"``); all take ``max_tokens`` and
      ``max_length``. ``"ud_english_ewt"``: words to tag, with ``characters``.
    * series to classify: ``"basic_motions"``, ``"digits"``, ``"gun_point"``, ``"italy_power_demand"``,
      ``"japanese_vowels"``, ``"libras"``, ``"plaid"``; ``"moving_digits"`` (videos), ``"splice"`` (DNA),
      ``"physionet2012"`` (irregular, with missing values); ``"gesture_phase"`` (``steps``): steps to tag.
    * speech: ``"fsdd"`` (``held_out``, a speaker; ``task="transcription"``).
    * series to forecast: ``"beijing_pm25"``, ``"etth1"``, ``"ettm1"``; ``window`` and ``horizon`` in steps.
    * running text: ``"ptb"``, ``"tinyshakespeare"``. Translation: ``"multi30k"``.
    * your own: ``rnnzoo.register("reader", "my-set", read_my_set)``, where ``read_my_set`` returns ``Splits``.

    A set with parts of its own keeps them; copies of a row stay in one part where rows are split here.

    Args:
        name: One of these.
        seed: Seed of the shuffled, stratified split; series to forecast are split by time.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test, where the set has no test part of its own.
        download: Whether official files that are not there may be fetched; ``None`` to ask ``RNNZOO_DOWNLOAD``
            (1 or 0).
        fold: Which of ``folds`` is the test part instead of a share, counted from 0; for ``"digits"``, ``"libras"``,
            ``"physionet2012"``, ``"sms_spam"``, ``"splice"`` and ``"subj"``.
        folds: Into how many folds, alike in classes, rows are cut for cross-validation.
        **options: What the set takes besides.

    Returns:
        The splits. ``description["files"]`` holds the checksum of each file and whether it is known.

    Raises:
        UnknownNameError: If there is no such data set, or it has no such option.
        ArgumentError: If it takes no options at all, or has a split of its own and is asked for another.
        PathNotFoundError: If its files are not there, and may not or cannot be fetched.
        DataError: If a file was cut or altered, or does not hold as much as was published. What was fetched for this
            call and has no known checksum is then removed again.

    Example:
        >>> splits = load_dataset("digits")
        >>> len(splits.train), len(splits.validation), len(splits.test)
        (1257, 270, 270)
    """
    load = DATASETS.find(name)
    how: dict[str, Any] = {
        "seed": seed,
        "validation_fraction": validation_fraction,
        "test_fraction": test_fraction,
        "download": download,
    }
    if DATASETS.is_own(name):
        return read_registered(name, load, {**how, "fold": fold, "folds": folds}, options)
    _check_options(name, load, options)
    request = SetRequest(get_source(name), **how, fold=_fold(fold, folds))
    if request.fold is not None and name not in FOLDED:
        request.refuse_fold()
    try:
        return load(request, **options)
    except DataError as error:
        fate = "".join(found.disown() for found in request.uncounted)
        if not fate:
            raise
        raise DataError(f"{error}{fate}") from error


def _check_options(name: str, load: Callable[..., Splits], options: Mapping[str, Any]) -> None:
    known = [option for option in inspect.signature(load).parameters if option != "request"]
    for option in options:
        if not known:
            raise ArgumentError(
                f"{option}: received for data set {name!r}, which takes no options. Leave it out."
            )
        checks.choice(f"option of data set {name!r}", option, known)


def _fold(fold: int | None, folds: int | None) -> tuple[int, int] | None:
    if fold is None and folds is None:
        return None
    if fold is None or folds is None:
        raise ArgumentError(
            f"fold, folds: received {fold!r} and {folds!r}; expected both or neither. Write e.g. fold=0, folds=10."
        )
    return fold, folds


def list_datasets(pattern: str = "*", *, task: str | None = None) -> list[Source]:
    """Lists the named data sets: what each is, how many rows it has, its licence, its source and its paper.

    Args:
        pattern: A pattern of names, such as ``"ett*"``.
        task: Only sets of this task.

    Returns:
        One entry for each set, by name; at the end those that you have registered.

    Example:
        >>> [source.name for source in list_datasets("ett*")]
        ['etth1', 'ettm1']
        >>> list_datasets("snips")[0].licence
        'CC0 1.0'
    """
    own = (
        []
        if task is not None
        else [describe_reader(name, DATASETS[name]) for name in DATASETS if DATASETS.is_own(name)]
    )
    return [
        *find_sources(pattern, task=task),
        *(source for source in own if fnmatch.fnmatchcase(source.name, pattern)),
    ]
