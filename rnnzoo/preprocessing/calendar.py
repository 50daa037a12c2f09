"""Fields of the calendar: what a clock on the wall and the date say of each time, as numbers and as features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, UnknownNameError, listed, nearest

#: The first number of each field that comes round again, and how many there are.
_CYCLES = {"minute": (0, 60), "hour": (0, 24), "weekday": (0, 7), "day": (1, 31), "month": (1, 12)}
#: The field that has an indicator for each of its numbers, and how many there are.
_HOUR_OF_WEEK, _WEEK_HOURS = "hour_of_week", 168
#: The names of fields, for messages.
FIELDS = (*_CYCLES, _HOUR_OF_WEEK, "holiday:COUNTRY")
_HOLIDAY = "holiday"
#: 1 January 1970 was a Thursday.
_THURSDAY = 3


class Calendar:
    """Fields of the calendar that a model reads.

    ``"minute"`` 0 to 59, ``"hour"`` 0 to 23, ``"weekday"`` 0 to 6 (Monday is 0), ``"day"`` of the month 1 to 31,
    ``"month"`` 1 to 12: a model reads the sine and the cosine of each one's place in its cycle, so that December is
    near January. ``"hour_of_week"`` 0 to 167 (Monday at 0 is 0): a model reads one indicator for each, so that an hour
    of a Sunday need not be like that of a Monday. ``"holiday:DE"`` is 1 on the public holidays of a country,
    ``"holiday:DE-BY"`` on those of a part of it, else 0; codes are those of ISO 3166, and the dates are those of the
    package ``holidays``.

    Args:
        fields: The fields, in the order of their features.

    Raises:
        UnknownNameError: If there is no such field; the nearest is suggested.
        ArgumentError: If a field comes twice, or a country is not known.

    Example:
        >>> calendar = Calendar(("hour", "holiday:DE"))
        >>> times = np.array(["2024-10-03T12:00", "2024-10-04T06:00"], "datetime64[s]")
        >>> {name: values.tolist() for name, values in calendar.field_values(times).items()}
        {'hour': [12, 6], 'holiday:DE': [1, 0]}
        >>> calendar.features(times).round(1).tolist()  # sine and cosine of the hour, the holiday
        [[0.0, -1.0, 1.0], [1.0, 0.0, 0.0]]
    """

    def __init__(self, fields: str | Sequence[str] = ()) -> None:
        names = (fields,) if isinstance(fields, str) else tuple(fields)
        for number, name in enumerate(names):
            _check(name)
            if name in names[:number]:
                raise ArgumentError(
                    f"calendar: received {name!r} twice; expected each field once. Leave one out."
                )
        self.fields = names

    def __repr__(self) -> str:
        return f"Calendar({self.fields!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.fields)

    @property
    def width(self) -> int:
        """The number of features of all fields."""
        return sum(self.field_width(name) for name in self.fields)

    @staticmethod
    def field_width(field: str) -> int:
        """Returns the number of features: two of a field that comes round again, one of a holiday, 168 of the week."""
        if field == _HOUR_OF_WEEK:
            return _WEEK_HOURS
        return 2 if field in _CYCLES else 1

    def field_values(self, local: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the number of each field at some times, by field: ``(times,)``, int64.

        Args:
            local: The times as a clock on the wall shows them ``(times,)``, ``datetime64``.

        Raises:
            DataError: If a time is none, or of a year of which no holidays of the country are known.
        """
        local = np.asarray(local)
        if local.dtype.kind != "M":
            raise DataError(
                f"calendar: received times of the type {local.dtype}; expected dates. Write times as dates, or leave "
                "the calendar out."
            )
        if np.isnat(local).any():
            raise DataError(
                f"calendar: the time of step {int(np.isnat(local).argmax())} is missing; expected a date. Correct it."
            )
        return {name: _values(name, local) for name in self.fields}

    def features(self, local: np.ndarray) -> np.ndarray:
        """Returns the features of all fields at some times ``(times, width)``, float32.

        Args:
            local: The times as a clock on the wall shows them ``(times,)``, ``datetime64``.
        """
        values = self.field_values(local)
        parts = [self.table(name)[numbers] for name, numbers in values.items()]
        return np.concatenate([np.empty((len(local), 0), np.float32), *parts], axis=-1)

    def number_features(self, numbers: Mapping[str, Sequence[int]], where: str = "calendar") -> np.ndarray:
        """Returns the features of all fields, told by their numbers, ``(steps, width)``, float32.

        Args:
            numbers: The number of each field at each step, by field.
            where: What they belong to, for messages.

        Raises:
            DataError: If a number is none of its field.

        Example:
            >>> Calendar("hour").number_features({"hour": [24]})
            Traceback (most recent call last):
            ...
            rnnzoo.errors.DataError: calendar: 'hour' is 24 at step 0; expected a number from 0 to 23. Correct it.
        """
        parts = []
        for name in self.fields:
            found, table = np.asarray(numbers[name], np.int64), self.table(name)
            known = np.flatnonzero(np.isfinite(table).all(axis=-1))
            wrong = (found < known[0]) | (found > known[-1])
            if wrong.any():
                step = int(wrong.argmax())
                raise DataError(
                    f"{where}: {name!r} is {found[step]} at step {step}; expected a number from {known[0]} to "
                    f"{known[-1]}. Correct it."
                )
            parts.append(table[found])
        return np.concatenate(parts, axis=-1)

    def table(self, field: str) -> np.ndarray:
        """Returns the features of each number of a field ``(numbers, features)``, float32, NaN where there is none.

        Args:
            field: One of ``fields``.

        Example:
            >>> Calendar("month").table("month").shape  # of 0, which is no month, to 12
            (13, 2)
        """
        if field not in self.fields:
            raise UnknownNameError("calendar field", field, self.fields)
        if field == _HOUR_OF_WEEK:
            return np.eye(_WEEK_HOURS, dtype=np.float32)
        if field not in _CYCLES:
            return np.array([[0.0], [1.0]], np.float32)
        first, count = _CYCLES[field]
        angle = np.arange(count) * (2 * np.pi / count)
        features = np.full((first + count, 2), np.nan, np.float32)
        features[first:] = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
        return features

    def to_config(self) -> dict[str, Any]:
        """Returns the fields."""
        return {"fields": list(self.fields)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Calendar:
        """Makes it again."""
        return cls(**config)


def _values(field: str, local: np.ndarray) -> np.ndarray:
    days, months = local.astype("datetime64[D]"), local.astype("datetime64[M]")
    if field == _HOUR_OF_WEEK:
        return np.asarray(24 * _values("weekday", local) + _values("hour", local))
    if field not in _CYCLES:
        return _holidays(field, days)
    if field == "weekday":
        return np.asarray((days.astype(np.int64) + _THURSDAY) % 7)
    if field == "minute":
        number = local.astype("datetime64[m]") - local.astype("datetime64[h]")
    elif field == "hour":
        number = local.astype("datetime64[h]") - days
    elif field == "day":
        number = days - months
    else:
        number = months - local.astype("datetime64[Y]")
    # Days and months are counted from 1, hours and minutes from 0.
    first = int(field in ("day", "month"))
    return np.asarray(number.astype(np.int64) + first)


def _holidays(field: str, days: np.ndarray) -> np.ndarray:
    """Returns 1 for each day that is a public holiday, else 0."""
    import holidays

    country, _, part = field.removeprefix(f"{_HOLIDAY}:").partition("-")
    unique, inverse = np.unique(days, return_inverse=True)
    years = np.unique(unique.astype("datetime64[Y]").astype(np.int64) + 1970)
    known = holidays.country_holidays(country, subdiv=part or None, years=years.tolist())
    outside = years[(years < known.start_year) | (years > known.end_year)]
    if len(outside):
        raise DataError(
            f"calendar: received a time of the year {outside[0]} for {field!r}; expected the years {known.start_year} "
            f"to {known.end_year}, whose holidays the installed package holidays knows. Leave {field!r} out, or the "
            "rows of other years."
        )
    found = np.array([day in known for day in unique.astype(object)], np.int64)
    return found[inverse]


def _check(name: object) -> None:
    if not isinstance(name, str):
        raise ArgumentError(f"calendar: received {name!r}; expected the name of a field, such as 'hour'.")
    if name in (*_CYCLES, _HOUR_OF_WEEK):
        return
    if not name.lower().startswith(_HOLIDAY):
        raise UnknownNameError("calendar field", name, FIELDS)
    kind, mark, place = name.partition(":")
    if not mark or kind != _HOLIDAY or not place:
        raise ArgumentError(
            f"calendar: received {name!r}; expected the country too, for example 'holiday:DE', or a part of one, "
            "'holiday:DE-BY'. Codes are those of ISO 3166."
        )
    _check_place(name, place)


def _check_place(name: str, place: str) -> None:
    import holidays

    countries = holidays.list_supported_countries(include_aliases=False)
    country, mark, part = place.partition("-")
    if country not in countries:
        raise ArgumentError(
            f"calendar: received {name!r}; {_nearest_country(country)}expected the code of a country in two letters "
            "(ISO 3166), such as 'holiday:DE'."
        )
    parts = countries[country]
    if not mark or part in parts:
        return
    if not parts:
        raise ArgumentError(
            f"calendar: received {name!r}; expected 'holiday:{country}': no parts of that country are known."
        )
    likely = nearest(part.upper(), parts)
    hint = f"did you mean 'holiday:{country}-{likely}'? " if likely else ""
    raise ArgumentError(
        f"calendar: received {name!r}; {hint}expected one of the parts {listed(parts)} after 'holiday:{country}-'."
    )


def _nearest_country(country: str) -> str:
    """Returns a hint for messages: the country whose code in other letters, longer code or name was given."""
    import holidays

    bare = country.replace(" ", "").replace("_", "")
    for name in (country.upper(), bare, bare.title(), country.title().replace(" ", "")):
        try:
            return f"did you mean 'holiday:{holidays.country_holidays(name).country}'? "
        except (NotImplementedError, AttributeError, TypeError):  # no country of that name
            continue
    return ""
