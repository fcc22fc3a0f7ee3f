"""Which column says what: guessed from the headings, as offices and webinar programs write them. Pure."""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from activities.enums import ImportColumn as C
from activities.enums import ImportSource

AT = "at:"
# Heading, in words without signs → what it says. The earlier of two headings for one thing wins.
_MEANING: dict[str, C] = {
    heading: column
    for column, headings in {
        C.EMAIL: "e mail|email|email address|e mail address|user email|attendee email|mail|work email|primary email|user email address|participant id upn|upn|learner email",
        C.NAME: "name|full name|name original name|user name original name|user name|display name|attendee name|participant name|learner name|attendee|participant|learner",
        C.GIVEN: "first name|given name|first|forename|firstname",
        C.FAMILY: "last name|family name|surname|last|lastname",
        C.PHONE: "phone|mobile|cell|telephone|phone number|mobile number|mobile phone|cell phone|cell number|tel",
        C.NPI: "npi|npi number|npi no|national provider identifier",
        C.LICENCE: "license|licence|license number|licence number|license no|licence no|state license|license id",
        C.STATE: "license state|licence state|state of license|state of licensure|licensing state",
        C.DATE: "session date|date|meeting date|attendance date|event date|date attended|day|date of session",
        C.SESSION: "session|session title|session name|session code|topic|lecture|title|meeting name|meeting title|event|course|activity|code",
        C.MINUTES: "minutes|min|mins|minutes attended|attended minutes|duration minutes|time in session minutes|total duration minutes|duration|in meeting duration|attendance duration|time in meeting|time attended|total time",
        C.HOURS: "hours|hrs|hours attended|credit|credits|credit hours|ce hours|contact hours|credits claimed|hours claimed|total hours",
        C.JOINED: "join time|joined|start time|time in|check in|check in time|sign in time|arrival|arrived|in|attendee join time|signed in",
        C.LEFT: "leave time|left|end time|time out|check out|check out time|sign out time|departure|departed|out|attendee leave time|signed out",
        C.FIRST: "first join|first join time|first joined",
        C.LAST: "last leave|last leave time|last left",
        C.ATTENDED: "attended|present|was present|attendance|attendance status",
        C.WAITING: "in waiting room|waiting room",
        C.CREDENTIALS: "degree|degrees|credentials|profession|specialty|suffix|designation",
    }.items()
    for heading in headings.split("|")
}  # fmt: skip
# One column each; e-mail may stand in two (Teams: address and account), sessions in many.
_SEVERAL = frozenset({C.EMAIL})
_PERSON = frozenset({C.EMAIL, C.NAME, C.FAMILY, C.PHONE, C.NPI, C.LICENCE})
# What says who somebody is: the same in every kind of list.
WHO = frozenset({*_PERSON, C.GIVEN, C.STATE, C.CREDENTIALS})
_NAMES = frozenset({C.NAME, C.FAMILY})
_TIMES = frozenset({C.JOINED, C.FIRST, C.MINUTES})
_SIGNS = re.compile(r"[^0-9a-z]+")
LOOKED_AT = 30


@functools.lru_cache(maxsize=4_096)
def plain(heading: str) -> str:
    """A heading in small letters without signs: "E-mail (work)" → "e mail work"."""
    letters = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return _SIGNS.sub(" ", letters).strip()


Meanings = Mapping[str, str]


def meanings(headings: Mapping[str, str]) -> Meanings:
    """Heading → column for another kind of list: its own headings, "|" between them, and those that name people."""
    own = {heading: column for column, texts in headings.items() for heading in texts.split("|")}
    return {**{heading: column for heading, column in _MEANING.items() if column in WHO and heading not in own}, **own}


def meaning(heading: str) -> C | None:
    return _MEANING.get(plain(heading))


def unique(headings: Sequence[str]) -> list[str]:
    """Headings as keys: the second "Email" is "Email #2", one without words "Column D"."""
    seen: dict[str, int] = {}
    found = []
    for n, heading in enumerate(headings):
        name = " ".join(heading.split())[:120] or f"Column {letter(n)}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return found


def letter(n: int) -> str:
    """0 → A, 26 → AA, as spreadsheets count."""
    text = ""
    n += 1
    while n:
        n, rest = divmod(n - 1, 26)
        text = chr(65 + rest) + text
    return text


def signature(headings: Sequence[str]) -> str:
    """What a file with the same headings has in common with this one: a mapping is remembered by it."""
    return hashlib.sha256("\x1f".join(plain(h) for h in headings).encode()).hexdigest()


@dataclass(frozen=True)
class Table:
    """Where the table of a file begins: the row of its headings (0: it has none), what they say, what made the file."""

    row: int
    headings: tuple[str, ...]
    source: ImportSource = ImportSource.ROSTER
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        return signature(self.headings)


def find(
    rows: Sequence[tuple[int, Sequence[str]]], titles: Mapping[str, int] | None = None, known: Meanings = _MEANING
) -> Table:
    """The headings among the first rows of a file: the row that says most about people, else the first with two cells.

    `titles` are the activity's sessions, title or date as plain text → id: a column may be called like a session.
    """
    best: tuple[int, int, Sequence[str]] | None = None
    for number, cells in rows[:LOOKED_AT]:
        score = _score(cells, known)
        if score and (best is None or score > best[0]):
            best = (score, number, cells)
    if best is not None:
        number, cells = best[1:]
        source = source_of(unique(cells), known)
        if (
            known is _MEANING and source != ImportSource.ROSTER
        ):  # a report has a table for each kind of participant, hosts and panelists first
            number, cells = next((row for row in rows[:LOOKED_AT] if is_heading(row[1])), (number, cells))
        headings = unique(cells)
        return Table(number, tuple(headings), source, guess(headings, titles, known))
    first = next((row for row in rows if len([c for c in row[1] if c]) > 1), rows[0] if rows else (0, []))
    if any("@" in c for c in first[1]):  # data from the first row on
        headings = unique([""] * max((len(cells) for _n, cells in rows), default=0))
        return Table(0, tuple(headings), source_of((), known), _guess_by_cells(headings, first[1]))
    headings = unique(first[1])
    return Table(first[0], tuple(headings), source_of((), known), guess(headings, titles, known))


def at_row(
    rows: Sequence[tuple[int, Sequence[str]]],
    row: int,
    titles: Mapping[str, int] | None = None,
    known: Meanings = _MEANING,
) -> Table:
    """The table with its headings in a row that a person chose; 0: without headings."""
    if row == 0:
        headings = unique([""] * max((len(cells) for _n, cells in rows), default=0))
        return Table(0, tuple(headings), source_of((), known), _guess_by_cells(headings, rows[0][1] if rows else []))
    headings = unique(next((cells for number, cells in rows if number == row), []))
    return Table(row, tuple(headings), source_of(headings, known), guess(headings, titles, known))


def _score(cells: Sequence[str], known: Meanings) -> int:
    """How much a row looks like headings; 0 for one that names no person, such as the block about the meeting."""
    if any("@" in cell for cell in cells):
        return 0
    found = {column for cell in cells if (column := known.get(plain(cell)))}
    return len(found) if found & _PERSON and (found & _NAMES or not found & {C.SESSION}) else 0


def is_heading(cells: Sequence[str]) -> bool:
    """Whether a row in the middle of a webinar report begins another table of people."""
    if any("@" in cell for cell in cells):  # asked of every row, so the cheap question first
        return False
    found = {column for cell in cells if (column := meaning(cell))}
    return bool(found & _NAMES and found & _TIMES) and len(found) >= 3


def source_of(headings: Sequence[str], known: Meanings = _MEANING) -> ImportSource:
    """Which program wrote this, by the headings that only it writes."""
    if known is not _MEANING:
        return ImportSource.HISTORY
    words = {plain(h) for h in headings}
    if {"user name original name", "attended", "join time"} <= words:
        return ImportSource.ZOOM_WEBINAR
    if "name original name" in words or {"in waiting room", "join time"} <= words:
        return ImportSource.ZOOM_MEETING
    if {"first join", "last leave"} <= words or {"name", "join time", "leave time", "role"} <= words or {"full name", "join time", "leave time"} <= words:  # fmt: skip
        return ImportSource.TEAMS
    if {"name", "start time", "end time", "invited"} <= words or {"join time", "leave time", "attendance duration"} <= words:  # fmt: skip
        return ImportSource.WEBEX
    return ImportSource.ROSTER


def guess(
    headings: Sequence[str], titles: Mapping[str, int] | None = None, known: Meanings = _MEANING
) -> dict[str, str]:
    """Heading → what it says, for those that are known; each thing once."""
    ranked = sorted(
        (list(known).index(plain(h)), n, h, known[plain(h)]) for n, h in enumerate(headings) if plain(h) in known
    )
    taken: set[str] = set()
    found: dict[str, str] = {}
    for _rank, _n, heading, column in ranked:
        if column in taken and column not in _SEVERAL:
            continue
        taken.add(column)
        found[heading] = str(column)
    for heading in headings:
        session = (titles or {}).get(plain(heading))
        if heading not in found and session:
            found[heading] = f"{AT}{session}"
    return found


def _guess_by_cells(headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """For a file without headings: only what nobody can mistake."""
    found: dict[str, str] = {}
    for heading, cell in zip(headings, cells, strict=False):
        if "@" in cell and C.EMAIL not in found.values():
            found[heading] = str(C.EMAIL)
    return found


def dates_in(rows: Sequence[Sequence[str]], headings: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """The cells of a sample that say a date, for `values.order_of`."""
    wanted = {str(c) for c in (C.DATE, C.JOINED, C.LEFT, C.FIRST, C.LAST)}
    at = [n for n, h in enumerate(headings) if columns.get(h) in wanted]
    return [cells[n] for cells in rows for n in at if n < len(cells) and cells[n]]


def unusable(columns: Mapping[str, str], labels: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Why nobody could be found by such columns; "" when it can work."""
    chosen = list(columns.values())
    if not {str(c) for c in (C.EMAIL, C.NAME, C.FAMILY, C.PHONE, C.NPI, C.LICENCE)} & set(chosen):
        return "Say which column names the person: an e-mail address is best."
    twice = sorted({c for c in chosen if chosen.count(c) > 1 and c not in _SEVERAL})
    if twice:
        named = {**{c.value: c.label for c in C}, **labels}
        label = named.get(twice[0], "the same session")
        return f"Two columns are said to hold “{label}”. Keep one of them."
    return ""
