"""Dates in words, as certificates print them, in the activity's zone (law 12)."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo


def local_dates(instants: Iterable[dt.datetime], zone: str) -> list[dt.date]:
    """The days of these instants in a zone, each once, in order."""
    tz = ZoneInfo(zone)
    return sorted({i.astimezone(tz).date() for i in instants})


def long_date(day: dt.date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def in_words(days: Iterable[dt.date]) -> str:
    """ "November 17, 2026", "November 17 and 24, 2026", "8 dates from September 8 to November 24, 2026"."""
    ordered = sorted(set(days))
    if len(ordered) == 1:
        return long_date(ordered[0])
    first, last = ordered[0], ordered[-1]
    if len(ordered) > 4:
        start = f"{first:%B} {first.day}" + (f", {first.year}" if first.year != last.year else "")
        return f"{len(ordered)} dates from {start} to {long_date(last)}"
    names = []
    for i, day in enumerate(ordered):
        same_month = i > 0 and ordered[i - 1].month == day.month and ordered[i - 1].year == day.year
        names.append(str(day.day) if same_month else f"{day:%B} {day.day}")
    if len({d.year for d in ordered}) > 1:
        return " and ".join([", ".join(long_date(d) for d in ordered[:-1]), long_date(last)])
    return f"{', '.join(names[:-1])} and {names[-1]}, {last.year}"
