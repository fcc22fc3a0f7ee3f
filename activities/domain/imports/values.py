"""Cells as people write them → minutes, dates, times. Pure; what cannot be read for sure is refused, never guessed."""

import datetime as dt
import functools
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

MDY, DMY = "mdy", "dmy"
FIRST_YEAR, LAST_YEAR = 1990, 2100
_MONTHS = {name: n for n, names in enumerate(("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december"), 1) for name in names.split()}  # fmt: skip
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_SLASHES = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.I)
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-]+([a-z]{3,9})\.?,?[\s\-]+(\d{4}|\d{2})", re.I)
_WEEKDAY = re.compile(r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\.?,?\s+", re.I)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?![0-9:])\s*(?:([ap])(?:\.?\s?m\.?)?(?![a-z]))?", re.I)
_PARTS = re.compile(r"(\d+(?:[.,]\d+)?)\s*(h|hr|hrs|hour|hours|m|min|mins|minute|minutes|s|sec|secs|second|seconds)\b\.?", re.I)  # fmt: skip
_ISO_LENGTH = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?", re.I)
_CLOCK_LENGTH = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}))?")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?|[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_OFFSET = re.compile(r"(?:GMT|UTC)?\s*([+-])(\d{1,2}):?(\d{2})$", re.I)
_UNITS = {"h": 3600, "m": 60, "s": 1}
# How webinar reports name zones behind a time of day.
_ZONES = {
    "new york time": "America/New_York", "chicago time": "America/Chicago", "denver time": "America/Denver", "san francisco time": "America/Los_Angeles",
    "arizona time": "America/Phoenix", "alaska time": "America/Anchorage", "hawaii time": "Pacific/Honolulu", "london time": "Europe/London", "paris time": "Europe/Paris",
    "berlin time": "Europe/Berlin", "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "eastern time": "America/New_York",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago", "central time": "America/Chicago", "mst": "America/Denver", "mdt": "America/Denver",
    "mt": "America/Denver", "mountain time": "America/Denver", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "pacific time": "America/Los_Angeles", "gmt": "UTC", "utc": "UTC", "z": "UTC",
}  # fmt: skip


class NotReadable(ValueError):
    """A cell that does not say what its column is for."""


@dataclass(frozen=True)
class Moment:
    """A date, a time of day, or both, and the zone if the cell names one."""

    date: dt.date | None = None
    time: dt.time | None = None
    zone: dt.tzinfo | None = None

    def at(self, zone: ZoneInfo, day: dt.date | None = None, *, fold: int = 0) -> dt.datetime | None:
        """The instant; a cell without a date is of `day`, one without a time is none. `fold` 1 is the second of two."""
        date = self.date or day
        if date is None or self.time is None:
            return None
        return dt.datetime.combine(date, self.time.replace(fold=fold), tzinfo=self.zone or zone).astimezone(dt.UTC)


def number(said: str) -> Decimal:
    """1, 1.25, 1,25 and 1,234.5: one comma alone is a decimal comma, as in hours of a quarter."""
    said = said.replace("\xa0", "").replace(" ", "")
    if not _NUMBER.fullmatch(said):
        raise NotReadable(said)
    if "," in said and "." in said:
        said = said.replace(",", "") if said.rindex(".") > said.rindex(",") else said.replace(".", "").replace(",", ".")
    elif said.count(",") == 1:
        said = said.replace(",", ".")
    try:
        return Decimal(said.replace(",", ""))
    except InvalidOperation as error:
        raise NotReadable(said) from error


def length(said: str, unit: int) -> int:
    """Seconds of a length of time: "61.0 mins", "1h 4m 1s", "1:04:30", "PT1H", or a number of `unit` seconds."""
    said = said.strip()
    if found := _CLOCK_LENGTH.fullmatch(said):
        hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
        return hours * 3600 + minutes * 60 + seconds
    if (found := _ISO_LENGTH.fullmatch(said)) and any(found.groups()):
        return sum(int(n or 0) * u for n, u in zip(found.groups(), (3600, 60, 1), strict=True))
    parts = _PARTS.findall(said)
    if parts and not _PARTS.sub("", said).strip(" ,"):
        return int(sum(number(n) * _UNITS[word[0].lower()] for n, word in parts))
    return int(number(said) * unit)


def date(said: str, order: str) -> dt.date:
    """A date. `order` decides 11/10/2026: MDY or DMY; 2026-11-10 and November 10, 2026 need nobody to decide."""
    found = moment(said, order)
    if found.date is None:
        raise NotReadable(said)
    return found.date


@functools.lru_cache(maxsize=8_192)
def moment(said: str, order: str) -> Moment:
    """A date, a time, or both, in the ways that rosters and webinar reports write them."""
    said = _WEEKDAY.sub("", said.strip(), count=1) if said[:1].isalpha() else said.strip()
    day, rest = _leading_date(said, order)
    rest = rest.strip(" ,T\t")
    if not rest:
        if day is None:
            raise NotReadable(said)
        return Moment(day)
    found = _TIME.match(rest)
    if found is None:
        raise NotReadable(said)
    hour, minute, second, half = int(found[1]), int(found[2]), int(found[3] or 0), (found[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise NotReadable(said)
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        time = dt.time(hour, minute, second)
    except ValueError as error:
        raise NotReadable(said) from error
    tail = rest[found.end() :].strip(" ,()")
    if day is None and tail:
        day, tail = _leading_date(tail, order)
        tail = tail.strip(" ,()")
    return Moment(day, time, _zone(tail))


def _zone(tail: str) -> dt.tzinfo | None:
    if not tail:
        return None
    if offset := _OFFSET.fullmatch(tail):
        sign = 1 if offset[1] == "+" else -1
        return dt.timezone(sign * dt.timedelta(hours=int(offset[2]), minutes=int(offset[3])))
    name = _ZONES.get(tail.lower())
    return ZoneInfo(name) if name else None


def _leading_date(said: str, order: str) -> tuple[dt.date | None, str]:
    for pattern, read in _DATES:
        if found := pattern.match(said):
            year, month, day = read(found, order)
            if not month or not FIRST_YEAR <= year <= LAST_YEAR:
                raise NotReadable(said)
            try:
                return dt.date(year, month, day), said[found.end() :]
            except ValueError as error:
                raise NotReadable(said) from error
    return None, said


def _in_order(found: re.Match[str], order: str) -> tuple[int, int, int]:
    first, second = int(found[1]), int(found[2])
    return _year(found[3]), *((first, second) if order == MDY else (second, first))


def _by_name(year: str, month: str, day: str) -> tuple[int, int, int]:
    return _year(year), _MONTHS.get(month.lower(), 0), int(day)


_Read = Callable[[re.Match[str], str], tuple[int, int, int]]
_DATES: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_ISO_DATE, lambda m, _order: (int(m[1]), int(m[2]), int(m[3]))),
    (_YEAR_FIRST, lambda m, _order: (int(m[1]), int(m[2]), int(m[3]))),
    (_SLASHES, _in_order),
    (_MONTH_DAY, lambda m, _order: _by_name(m[3], m[1], m[2])),
    (_DAY_MONTH, lambda m, _order: _by_name(m[3], m[2], m[1])),
)


def _year(said: str) -> int:
    return int(said) if len(said) == 4 else 2000 + int(said)


def order_of(cells: Iterable[str], days: Collection[dt.date] = ()) -> str:
    """How dates are written: by what is possible, then by which order falls on days that are known, then as in the US."""
    can = {MDY: True, DMY: True}
    hits = {MDY: 0, DMY: 0}
    for cell in cells:
        for order in can:
            try:
                found = moment(cell, order).date
            except NotReadable:
                if _SLASHES.match(cell.strip()):
                    can[order] = False
                continue
            hits[order] += found in days
    if can[MDY] != can[DMY]:
        return MDY if can[MDY] else DMY
    return DMY if hits[DMY] > hits[MDY] else MDY


def says_yes(said: str) -> bool:
    """Whether a cell under the title of a session says that somebody was there: x, yes, 1, a signature; not 0, no, absent."""
    return said.strip().lower() not in {"", "0", "no", "n", "false", "absent", "-", "–", "—", "--", "none", "no show", "no-show", "excused"}  # fmt: skip
