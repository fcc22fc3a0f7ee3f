"""From the rows of a file to what each says: which person, which session, how long. Reads no table of ours but sessions."""

import datetime as dt
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts import validators
from activities.domain.imports import columns as col
from activities.domain.imports import values
from activities.enums import EvidenceMethod, ImportSource, SessionStatus, SlotKind
from activities.enums import ImportColumn as C
from activities.models import Activity, ImportBatch, Session
from common import clock, tabular
from common.templatetags.cme import local_date, local_time

LONGEST = 24 * 3600
CELL_KEPT = 1_000
EXAMPLE = "example@example.org"
# What is wrong with who it is, not with when or how long: a person can still say whose row it is.
WHO_CODES = frozenset({"bad_email", "caller", "bad_npi"})
_SECTION = re.compile(r"\d+\.\s.+|.*\bdetails|other attended|attendee report.*|report generated.*|summary", re.I)
_FOOTER = re.compile(r"total|sum|count|page|printed|generated|report|signature|note|\*|.*:|.*\d", re.I)
_HOST = re.compile(r"host details", re.I)
_PHONE_NAME = re.compile(r"[+\d][\d\s().*xX\-]{6,}")
_PLAIN_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+'-]{0,62}@(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.)+[a-z]{2,24}")
_EMPTY = frozenset({"", "-", "--", "–", "—", "n/a", "na", "none", "null", "."})


@dataclass(frozen=True)
class Reading:
    """How a file is read; what `ImportBatch.mapping` holds."""

    written: tabular.Format
    row: int
    headings: tuple[str, ...]
    columns: Mapping[str, str]
    source: str = ImportSource.ROSTER
    order: str = values.MDY
    zone: str = "UTC"
    repeated: str = "longest"
    minimum: int = 0

    @property
    def is_report(self) -> bool:
        return self.source not in {ImportSource.ROSTER, ImportSource.HISTORY}

    @property
    def method(self) -> EvidenceMethod:
        return EvidenceMethod.WEBINAR if self.is_report else EvidenceMethod.ROSTER

    @property
    def has_times(self) -> bool:
        return bool({str(C.JOINED), str(C.FIRST)} & set(self.columns.values()))

    @property
    def as_data(self) -> dict[str, Any]:
        return {
            "written": self.written.as_data, "row": self.row, "headings": list(self.headings), "columns": dict(self.columns), "source": self.source,
            "order": self.order, "zone": self.zone, "repeated": self.repeated, "minimum": self.minimum,
        }  # fmt: skip

    @classmethod
    def of(cls, batch: ImportBatch) -> "Reading":
        data = dict(batch.mapping)
        data["written"] = tabular.Format.of_data(data["written"])
        data["headings"] = tuple(data["headings"])
        return cls(**data)


@dataclass
class Line:
    """One row of the file for one session, before anybody looks who it is.

    `code` and `reason` are set when it is clear already that it does not count; `is_problem` says whether somebody
    should look at it.
    """

    number: int
    cells: list[str]
    part: int = 0
    name: str = ""
    emails: list[str] = field(default_factory=list)
    phone: str = ""
    npi: str = ""
    licence: str = ""
    state: str = ""
    session: Session | None = None
    joined_at: dt.datetime | None = None
    left_at: dt.datetime | None = None
    stated: int | None = None
    code: str = ""
    reason: str = ""
    is_problem: bool = False

    def stop(self, code: str, reason: str, *, is_problem: bool = True) -> None:
        """The first reason stands."""
        if not self.code:
            self.code, self.reason, self.is_problem = code, reason[:250], is_problem


# --- sessions ----------------------------------------------------------------------------------------


class Sessions:
    """The sessions of education that rows can be of, found by what a row says."""

    def __init__(self, activity: Activity, fixed: Session | None = None) -> None:
        self.activity, self.fixed = activity, fixed
        self.zone = ZoneInfo(activity.zone)
        found = Session.objects.filter(activity=activity, removed_at=None, kind=SlotKind.EDUCATION)
        self.all = list(found.order_by("starts_at", "pk"))
        self.by_id = {s.pk: s for s in self.all}
        self._by_code = {s.check_in_code: s for s in self.all if s.check_in_code}
        self._plain = {s.pk: col.plain(s.title) for s in self.all}
        self._day = {s.pk: s.starts_at.astimezone(self.zone).date() for s in self.all}
        self._on: dict[dt.date, list[Session]] = {}
        for session in self.all:
            self._on.setdefault(self._day[session.pk], []).append(session)
        self._now = clock.now()

    @property
    def days(self) -> Collection[dt.date]:
        """The days on which there are sessions."""
        return self._on.keys()

    @property
    def titles(self) -> dict[str, int]:
        """What a column may be called: the title or the date of a session that is the only one of it."""
        named: dict[str, list[int]] = {}
        for s in self.all:
            day = self.day(s)
            for word in {
                self._plain[s.pk],
                *(
                    col.plain(f"{day:{form}}")
                    for form in ("%Y-%m-%d", "%m/%d/%Y", "%-m/%-d/%Y", "%b %-d", "%B %-d", "%-m/%-d", "%b %-d, %Y")
                ),
            }:
                if word:
                    named.setdefault(word, []).append(s.pk)
        return {word: pks[0] for word, pks in named.items() if len(pks) == 1}  # fmt: skip

    def day(self, session: Session) -> dt.date:
        return self._day[session.pk]

    def why_not(self, session: Session) -> tuple[str, str] | None:
        """Why nobody can have been there (code, sentence)."""
        if session.status == SessionStatus.CANCELLED:
            return "cancelled", f"“{session.title}” was cancelled."
        if session.starts_at > self._now:
            return (
                "to_come",
                f"“{session.title}” is still to come: {local_date(session.starts_at, self.activity.zone)}.",
            )
        return None

    def named(self, said: str) -> list[Session]:
        """By check-in code or title; part of a title is enough where only one has it."""
        code = "".join(c for c in said.upper() if c.isalnum())
        if code in self._by_code:
            return [self._by_code[code]]
        wanted = col.plain(said)
        if not wanted:
            return []
        same = [s for s in self.all if self._plain[s.pk] == wanted]
        return same or [
            s for s in self.all if wanted in self._plain[s.pk] or (self._plain[s.pk] and self._plain[s.pk] in wanted)
        ]

    def on(self, day: dt.date) -> list[Session]:
        return self._on.get(day, [])

    def during(self, start: dt.datetime, end: dt.datetime) -> list[Session]:
        return [s for s in self.all if s.starts_at < end and start < s.ends_at and s.status != SessionStatus.CANCELLED]


# --- rows --------------------------------------------------------------------------------------------


def of_file(file: BinaryIO, reading: Reading, sessions: Sessions, *, after: int = 0) -> Iterator[Line]:
    """Every row below the headings that is past row `after`, each once for every session it is of."""
    place = Place(reading)
    for number, cells in tabular.rows(file, reading.written):
        texts = [tabular.text(cell)[:CELL_KEPT] for cell in cells]
        if number <= reading.row:
            place.section(texts)
            continue
        if place.moves(texts) or number <= after:
            continue
        said = place.fields(texts)
        yield from _lines(number, texts, said, place, sessions)


class Place:
    """Where in the file we are: a webinar report has several tables, each with headings of its own."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.is_host = reading, False
        self._own = [col.plain(h) for h in reading.headings]
        self._use(list(reading.headings))

    def _use(self, headings: Sequence[str]) -> None:
        guessed = col.guess(headings) if self.reading.is_report else {}
        columns = {**guessed, **{h: c for h, c in self.reading.columns.items() if h in headings}}
        self._fields: dict[str, list[int]] = {}
        for n, heading in enumerate(headings):
            if column := columns.get(heading):
                self._fields.setdefault(column, []).append(n)
        if self.reading.is_report:  # the address stands before the account's name, wherever its column is
            emails = self._fields.get(C.EMAIL, [])
            emails.sort(key=lambda n: "id" in col.plain(headings[n]).split())
        self.sessions = [
            (n, int(c.removeprefix(col.AT))) for c, ns in self._fields.items() if c.startswith(col.AT) for n in ns
        ]

    def moves(self, cells: Sequence[str]) -> bool:
        """Whether this row only says what follows."""
        if self.reading.is_report:
            if col.is_heading(cells):
                self._use(col.unique(cells))
                return True
            if self.section(cells):
                return True
        if not cells or cells[0] != self.reading.headings[0].partition(" #")[0]:
            return False
        return [col.plain(c) for c in cells] == self._own[
            : len(cells)
        ]  # headings once more, at the top of a printed page

    def section(self, cells: Sequence[str]) -> bool:
        """Whether this row is the title of a table in a report; who stands below "Host Details" is no participant."""
        said = [c for c in cells if c]
        if not self.reading.is_report or len(said) != 1 or not _SECTION.fullmatch(said[0]):
            return False
        self.is_host = bool(_HOST.search(said[0]))
        return True

    def fields(self, cells: Sequence[str]) -> dict[str, list[str]]:
        """Column → what its cells say, without dashes and the like."""
        found = {}
        for column, places in self._fields.items():
            said = [cells[n] for n in places if n < len(cells) and cells[n].lower() not in _EMPTY]
            if said:
                found[column] = said
        return found

    def cell(self, cells: Sequence[str], n: int) -> str:
        return cells[n] if n < len(cells) else ""


def _lines(
    number: int, cells: list[str], said: Mapping[str, list[str]], place: Place, sessions: Sessions
) -> Iterator[Line]:
    line = Line(number, cells)
    read_person(line, said)
    reading = place.reading
    if place.is_host:
        line.stop("host", "The host of the webinar.", is_problem=False)
    if C.ATTENDED in said and not values.says_yes(said[C.ATTENDED][0]):
        line.stop("absent", "Registered, but was not there.", is_problem=False)
    if C.WAITING in said and values.says_yes(said[C.WAITING][0]):
        line.stop("waiting_room", "Was in the waiting room, not in the session.", is_problem=False)
    if place.sessions:
        yield from _by_columns(line, cells, place, sessions)
        return
    times = _times(line, said, reading, sessions)
    yield from _of_sessions(line, said, times, reading, sessions)


def read_person(line: Line, said: Mapping[str, list[str]]) -> None:
    """Who it is, onto the line; with the reason on it when that cannot be read."""
    full = " ".join(said.get(C.NAME, [])[:1])
    parts = " ".join([*said.get(C.GIVEN, [])[:1], *said.get(C.FAMILY, [])[:1]])
    line.name = (parts or full)[:200]
    for text in said.get(C.EMAIL, []):
        address = text.strip().lower().removeprefix("mailto:").strip("<>; ")
        if "@" not in address:
            continue
        try:
            if not _PLAIN_EMAIL.fullmatch(address):  # a tenth of the time for what everybody writes
                validate_email(address)
            line.emails.append(address[:254])
        except ValidationError:
            line.stop("bad_email", f"“{text[:60]}” is not a whole e-mail address.")
    if EXAMPLE in line.emails:
        line.stop("example", "The example row of the template.", is_problem=False)
    phone = " ".join(said.get(C.PHONE, [])[:1])
    called = not phone and not line.emails and bool(_PHONE_NAME.fullmatch(line.name))
    if phone or called:
        try:
            line.phone = validators.phone(phone or line.name)
        except ValidationError:
            if called:
                line.stop("caller", "Somebody called in from a phone whose number is not shown in full.")
    for column, check in ((C.NPI, validators.npi), (C.LICENCE, validators.licence_number), (C.STATE, validators.state)):
        for text in said.get(column, [])[:1]:
            try:
                setattr(line, str(column), check(text))
            except ValidationError:
                if column == C.NPI:
                    line.stop("bad_npi", f"“{text[:20]}” is not an NPI: the digits do not check.")
    found = [c for c in line.cells if c]
    if not (line.name or line.emails or line.phone or line.npi or line.licence):
        line.stop("nobody", "Names nobody.", is_problem=False)
    elif len(found) == 1 and _FOOTER.match(found[0]):
        line.stop("nobody", "A sum or a note below the list.", is_problem=False)


def _times(line: Line, said: Mapping[str, list[str]], reading: Reading, sessions: Sessions) -> dt.date | None:
    """When and how long, onto the line; the date that the row says, if it says one."""
    zone = ZoneInfo(reading.zone)
    day = None
    try:
        if C.DATE in said:
            day = values.date(said[C.DATE][0], reading.order)
        known = day or (sessions.day(sessions.fixed) if sessions.fixed else None)
        known = known or (sessions.day(sessions.all[0]) if len(sessions.days) == 1 else None)
        exact = C.JOINED in said
        start = _moment(said.get(C.JOINED if exact else C.FIRST), reading.order, zone, known)
        ends = said.get(C.LEFT if exact else C.LAST)
        end = _moment(ends, reading.order, zone, known)
        if (
            start and end and end < start
        ):  # 1:10 after 1:50, in the hour that comes twice when daylight saving time ends
            end = _moment(ends, reading.order, zone, known, fold=1)
    except values.NotReadable as error:
        line.stop(
            "date",
            f"“{str(error)[:40]}” is not read as a date or time. Say how dates are written, or put this row right.",
        )
        return day
    stated = _stated(line, said)
    if start and end is None and stated is not None and exact:
        end, stated = start + dt.timedelta(seconds=stated), None
    if start and end:
        if (
            end < start
            and end + dt.timedelta(days=1) - start < dt.timedelta(hours=16)
            and start.astimezone(zone).hour >= 12
        ):
            end += dt.timedelta(days=1)  # a time of day past midnight
        if end < start or (end - start).total_seconds() > 3 * LONGEST:
            line.stop("date", "Left before joining. Say how dates are written, or put this row right.")
        line.joined_at, line.left_at = start, end
        line.stated = None if exact else stated
    elif start or end:
        line.stop(
            "times", "Says when somebody joined or when they left, not both, and no minutes."
        ) if stated is None else None
        line.stated = stated
    else:
        line.stated = stated
        if reading.is_report and stated is None:
            line.stop("no_minutes", "The report says neither minutes nor times.")
    return day


def _moment(
    said: Sequence[str] | None, order: str, zone: ZoneInfo, day: dt.date | None, *, fold: int = 0
) -> dt.datetime | None:
    if not said:
        return None
    found = values.moment(said[0], order).at(zone, day, fold=fold)
    if found is None:
        raise values.NotReadable(said[0])
    return found


def _stated(line: Line, said: Mapping[str, list[str]]) -> int | None:
    """Seconds that the row says; None where it says none, which supports the whole session."""
    for column, unit in ((C.MINUTES, 60), (C.HOURS, 3600)):
        if column not in said:
            continue
        text = said[column][0]
        try:
            seconds = values.length(text, unit)
        except values.NotReadable:
            line.stop("minutes", f"“{text[:40]}” is not read as {'minutes' if unit == 60 else 'hours'}.")
            return None
        return _possible(line, text, seconds)
    return None


def _possible(line: Line, text: str, seconds: int) -> int | None:
    """Seconds that somebody can have been there; None where nobody can, with the reason on the line."""
    if not 0 <= seconds <= LONGEST:
        line.stop("minutes", f"“{text[:40]}” cannot be: a session has at most a day.")
        return None
    if seconds == 0:
        line.stop("zero", "Says that no time was spent there.", is_problem=False)
    return seconds


def _by_columns(line: Line, cells: list[str], place: Place, sessions: Sessions) -> Iterator[Line]:
    """A list with a column for each session: a mark, minutes or hours in the row of whoever was there."""
    marked = [(n, place.cell(cells, n), sessions.by_id.get(pk)) for n, pk in place.sessions]
    there = [(n, text, session) for n, text, session in marked if session is not None and values.says_yes(text)]
    if not there or line.code:
        line.stop("absent", "Was in none of these sessions.", is_problem=False)
        yield line
        return
    for n, text, session in there:
        one = Line(
            line.number,
            cells,
            n + 1,
            line.name,
            list(line.emails),
            line.phone,
            line.npi,
            line.licence,
            line.state,
            session,
        )
        try:
            number = values.number(text)
            # Up to eight are hours or credits; nobody is credited with eight minutes.
            one.stated = None if number == 1 else _possible(one, text, int(number * (3600 if number <= 8 else 60)))
        except values.NotReadable:
            pass  # a mark, initials, "yes": the whole session
        _check_session(one, sessions)
        yield one


def _of_sessions(
    line: Line, said: Mapping[str, list[str]], day: dt.date | None, reading: Reading, sessions: Sessions
) -> Iterator[Line]:
    if line.code and line.code not in WHO_CODES:
        line.session = sessions.fixed
        yield line
        return
    found = _which(line, said, day, reading, sessions)
    for part, session in enumerate(found):
        one = line if len(found) == 1 else Line(
            line.number, line.cells, part, line.name, list(line.emails), line.phone, line.npi, line.licence, line.state, None,
            line.joined_at, line.left_at, line.stated,
        )  # fmt: skip
        one.session = session
        _check_session(one, sessions)
        yield one
    if not found:
        yield line


def _check_session(line: Line, sessions: Sessions) -> None:
    if line.session is not None and (why := sessions.why_not(line.session)):
        line.stop(*why)


def _which(
    line: Line, said: Mapping[str, list[str]], day: dt.date | None, reading: Reading, sessions: Sessions
) -> list[Session]:
    """The sessions that a row is of; none, with the reason on the line."""
    zone = sessions.activity.zone
    if sessions.fixed is not None:
        if day is not None and day != sessions.day(sessions.fixed):
            line.stop(
                "other_day",
                f"The row is of {local_date(day, zone)}; this session was on {local_date(sessions.fixed.starts_at, zone)}.",
            )
            return []
        return [sessions.fixed]
    wanted = said.get(C.SESSION, [""])[0]
    found = sessions.named(wanted) if wanted else []
    if day is not None:
        on_day = sessions.on(day)
        found = [s for s in found if sessions.day(s) == day] or (on_day if len(on_day) == 1 or not wanted else [])
        if not found:
            line.stop(
                "no_session",
                f"No session “{wanted[:60]}” on {local_date(day, zone)}."
                if wanted and on_day
                else f"No session on {local_date(day, zone)}.",
            )
            return []
    if line.joined_at and line.left_at and len(found) != 1:
        return _during(
            line,
            [s for s in sessions.during(line.joined_at, line.left_at) if not found or s.pk in {f.pk for f in found}],
            sessions,
        )
    if not found and wanted:
        line.stop("no_session", f"No session is called “{wanted[:80]}”.")
    elif not found and len(sessions.all) == 1:
        return sessions.all
    elif not found:
        line.stop(
            "which_session",
            "Says neither date nor title of a session. Choose the session above, or a column that says it.",
        )
    elif len(found) > 1:
        line.stop("which_session", f"{len(found)} sessions fit. A column with the title of the session says which.")
        return []
    return found


def _during(line: Line, found: list[Session], sessions: Sessions) -> list[Session]:
    """All sessions that somebody sat through: a day of a course is one meeting. Parallel ones cannot both be meant."""
    zone = sessions.activity.zone
    assert line.joined_at
    assert line.left_at
    if not found:
        when = f"{local_date(line.joined_at, zone)}, {local_time(line.joined_at, zone)} to {local_time(line.left_at, zone)}"
        line.stop("outside", f"There {when}, outside of every session.", is_problem=False)
        return []
    if any(a.ends_at > b.starts_at for a, b in itertools.pairwise(found)):
        line.stop("which_session", "Sessions ran side by side at this time. Bring the report of each one by itself.")
        return []
    return found
