"""From the rows of a former system's export to what each says: whose credit, of which type, how much, when. Writes nothing."""

import datetime as dt
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from activities.domain.imports import columns as col
from activities.domain.imports import values
from activities.domain.imports.lines import CELL_KEPT, Line, Place, Reading, read_person
from activities.enums import ImportColumn as C
from common import statements, tabular
from credits.enums import FormerColumn as F
from credits.models import CreditType, Topic, TypeName

MOST = 1000
_WORDS_BEHIND = re.compile(r"( credits?| credit s| hours?| units?)$")
MEANINGS = col.meanings(
    {
        F.TITLE: "activity|activity title|activity name|title|course|course title|course name|program|program title|event|event title|event name|session title|description",
        F.PROVIDER: "provider|provider name|accredited provider|accreditor|accredited by|sponsor|organization|issuer|issued by|credit provider",
        F.TYPE: "credit type|type of credit|credit category|category|type|credit name|credit designation|accreditation|accreditation type",
        F.AMOUNT: "credits|credit|credit amount|amount|credits earned|credit earned|credits awarded|credits claimed|credit hours|awarded|claimed|number of credits|units|total credits|ce hours|contact hours|ce credits|cme credits|cme hours",
        C.DATE: "completion date|date completed|completed|completed on|date of completion|date earned|earned on|earned date|credit date|award date|date awarded|claim date|activity date|date|issue date",
        C.MINUTES: "minutes|min|duration minutes",
        C.HOURS: "hours|hrs|duration hours",
        F.FORMAT: "format|activity format|activity type|learning format|type of activity|modality",
        F.NUMBER: "certificate number|certificate no|certificate id|certificate|certificate code|credit id|record id|confirmation number|reference",
        F.TOPICS: "topics|topic|tags|state topics|state topic|mandate|mandates|mandated topics|subject area|subject areas",
    }
)  # fmt: skip
NEEDED = {
    F.TITLE: "the activity",
    F.TYPE: "the type of credit",
    F.AMOUNT: "the amount",
    C.DATE: "the day of completion",
}


def type_key(name: str) -> str:
    """What names of one type have in common: "AMA PRA Category 1 Credits™" → "ama pra category 1"."""
    return (_WORDS_BEHIND.sub("", col.plain(name.replace("™", "").replace("®", ""))) or name.casefold())[:80]


class Types:
    """The types of credit by the names that other systems give them: ours, and those that the office said once.

    `topics` are those of mandates, by code and name.
    """

    def __init__(self) -> None:
        rows = list(Topic.objects.values_list("code", "name"))
        self.topics = {col.plain(text): code for code, name in rows for text in (code, name)}
        self._known: dict[str, CreditType | None] = {}
        kinds = list(CreditType.objects.filter(is_attendance=False))
        for kind in kinds:
            units = (statements.plain(statements.runs(unit)) for unit in (kind.unit_one, kind.unit_many))
            for key in {type_key(text) for text in (kind.code, kind.name, *units)} - {""}:
                # A name of two types is none: the office says which is meant.
                self._known[key] = kind if key not in self._known else None
        self._known = {key: kind for key, kind in self._known.items() if kind is not None}
        by_code = {kind.code: kind for kind in kinds}
        for key, code in TypeName.objects.values_list("key", "credit_type_id"):
            self._known[key] = by_code.get(code) if code else None

    def knows(self, name: str) -> bool:
        return type_key(name) in self._known

    def of(self, name: str) -> CreditType | None:
        """None for a name that stays in words."""
        return self._known[type_key(name)]


@dataclass
class Entry(Line):
    """One row: a person, as in every list, and what they earned. `said` is set once all of it could be read."""

    said: dict[str, Any] = field(default_factory=dict)
    fact: str = ""


def of_file(file: BinaryIO, reading: Reading, types: Types, today: dt.date, *, after: int = 0) -> Iterator[Entry]:
    """Every row below the headings that is past row `after`."""
    place = Place(reading)
    for number, cells in tabular.rows(file, reading.written):
        if number <= max(reading.row, after):
            continue
        texts = [tabular.text(cell)[:CELL_KEPT] for cell in cells]
        if not place.moves(texts):
            yield _entry(number, texts, place.fields(texts), reading.order, types, today)


def _entry(
    number: int, cells: list[str], said: Mapping[str, list[str]], order: str, types: Types, today: dt.date
) -> Entry:
    entry = Entry(number, cells)
    read_person(entry, said)
    first = {column: texts[0] for column, texts in said.items()}
    told: dict[str, Any] = {
        "title": first.get(F.TITLE, "")[:250], "provider": first.get(F.PROVIDER, "")[:200], "format": first.get(F.FORMAT, "")[:80],
        "number": first.get(F.NUMBER, "")[:80], "type": "", "type_name": first.get(F.TYPE, "")[:80],
    }  # fmt: skip
    entry.said = told
    if entry.code == "nobody" or entry.code == "example":
        return entry
    problems = Line(number, cells)  # who it is may be settled by a person; what was earned may not
    told["topics"], told["no_topics"] = _topics(first.get(F.TOPICS, ""), types)
    told |= _earned(problems, first, order, today)
    _type(problems, told, types)
    for column, name in NEEDED.items():
        if not first.get(column):
            problems.stop("missing", f"Does not say {name}.")
            break
    if problems.code:
        entry.code, entry.reason, entry.is_problem = problems.code, problems.reason, problems.is_problem
    else:
        entry.fact = fact(told)
    return entry


def _earned(line: Line, first: Mapping[str, str], order: str, today: dt.date) -> dict[str, Any]:
    """Day, amount and minutes as texts and numbers for JSON; what cannot be read is left out, with the reason on the line."""
    told: dict[str, Any] = {}
    if text := first.get(C.DATE):
        try:
            day = values.date(text, order)
        except values.NotReadable:
            line.stop("date", f"“{text[:40]}” is not read as a date. Say how dates are written, or put this row right.")
        else:
            told["on"] = day.isoformat()
            if day > today:
                line.stop("to_come", f"“{text[:40]}” lies ahead: credit is recorded once it was earned.")
    if text := first.get(F.AMOUNT):
        try:
            amount = _number(text)
        except values.NotReadable:
            line.stop("amount", f"“{text[:40]}” is not read as an amount of credit.")
        else:
            _amount(line, told, amount, text)
    for column, unit in ((C.MINUTES, 60), (C.HOURS, 3600)):
        if (text := first.get(column)) and "minutes" not in told:
            try:
                told["minutes"] = values.length(text, unit) // 60
            except values.NotReadable:
                line.stop("minutes", f"“{text[:40]}” is not read as {'minutes' if unit == 60 else 'hours'}.")
            else:
                if not 0 <= told["minutes"] <= MOST * 60:
                    line.stop("minutes", f"“{text[:40]}” cannot be: at most {MOST:,} hours in one line.")
    return told


def _amount(line: Line, told: dict[str, Any], amount: Decimal, text: str) -> None:
    if amount == 0:
        line.stop("zero", "Says that no credit was earned.", is_problem=False)
    elif not 0 < amount <= MOST:
        line.stop("amount", f"“{text[:40]}” cannot be: more than nothing, and at most {MOST:,} in one line.")
    elif amount != amount.quantize(Decimal("0.01")):
        line.stop("amount", f"“{text[:40]}” has more than two decimals. Credit is kept with two.")
    else:
        told["amount"] = f"{amount:.2f}"


def _topics(text: str, types: Types) -> tuple[list[str], list[str]]:
    """The topics that a cell names, and its words that are none of ours: they are left out, which stops no row."""
    words = [word.strip() for word in re.split(r"[;,|]", text) if word.strip()]
    known = {types.topics[key] for word in words if (key := col.plain(word)) in types.topics}
    return sorted(known), [word[:40] for word in words if col.plain(word) not in types.topics]


def _type(line: Line, told: dict[str, Any], types: Types) -> None:
    name = told["type_name"]
    if not name:
        return
    if not types.knows(name):
        line.stop("type", f"“{name}” is no type of credit that we know. Say once what it is.")
        return
    kind = types.of(name)
    if kind is not None:
        told["type"], told["type_name"] = kind.code, kind.name


def fact(told: Mapping[str, Any]) -> str:
    """What makes a line the same credit as another: its certificate's number, activity, day and type. Not the amount: two amounts are a question."""
    kind = told["type"] or type_key(told["type_name"])
    parts = (kind, told["on"], " ".join(told["title"].casefold().split()), told["number"].casefold())
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@functools.lru_cache(maxsize=2_048)
def _number(text: str) -> Decimal:
    return values.number(text)
