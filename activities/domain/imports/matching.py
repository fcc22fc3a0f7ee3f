"""Whose a row is, for many rows at a time: a constant number of queries for each chunk, whatever its length."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from accounts.enums import IdentityKind, NumberKind
from accounts.models import IdentityLink, Licence, Person, PersonAddress, PersonNumber
from activities.domain.imports import names
from activities.domain.imports.lines import Line
from activities.enums import SEAT_TAKING, MatchedBy
from activities.models import Activity, AttendanceEvidence, Registration

Key = tuple[str, str]  # kind and value of an identity


@dataclass(frozen=True)
class Owner:
    """Whom one key of a row leads to. `objection` says why it may not be believed."""

    person_id: int
    how: MatchedBy
    key: Key | None = None
    objection: str = ""


@dataclass
class Directory:
    """What is known about the people of one chunk."""

    addresses: dict[Key, Owner] = field(default_factory=dict)
    numbers: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    licences: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    people: dict[int, str] = field(default_factory=dict)

    def owners(self, line: Line) -> list[Owner]:
        """Everybody that the keys of a row lead to, the surest key first."""
        found = [self.addresses[key] for key in keys_of(line) if key in self.addresses]
        if line.npi:
            found += [Owner(pk, MatchedBy.NPI) for pk in sorted(self.numbers.get(line.npi, ()))]
        if line.licence:
            found += [Owner(pk, MatchedBy.LICENCE) for pk in sorted(self.licences.get((line.state, line.licence), ()))]
        return found

    def name(self, person_id: int) -> str:
        return self.people.get(person_id, "")


def keys_of(line: Line) -> list[Key]:
    """The addresses of a row, as identities."""
    found: list[Key] = [(IdentityKind.EMAIL, e) for e in line.emails]
    return [*found, (IdentityKind.PHONE, line.phone)] if line.phone else found


def directory(lines: Iterable[Line]) -> Directory:
    """Look everybody of a chunk up. Seven queries at most."""
    rows = list(lines)
    found = Directory()
    _addresses(found, {key for line in rows for key in keys_of(line)})
    npis = {line.npi for line in rows if line.npi}
    if npis:
        known = PersonNumber.objects.filter(
            kind=NumberKind.NPI, value__in=npis, removed_at=None, person__deactivated_at=None
        )
        for value, pk in known.values_list("value", "person_id"):
            found.numbers[value].add(pk)
    _licences(found, {line.licence for line in rows if line.licence})
    wanted = {owner.person_id for owner in found.addresses.values()}
    wanted |= {pk for pks in (*found.numbers.values(), *found.licences.values()) for pk in pks}
    found.people = people(wanted)
    return found


def people(ids: Collection[int]) -> dict[int, str]:
    """Names with degrees by id. One query."""
    if not ids:
        return {}
    named = Person.objects.filter(pk__in=ids).values_list("pk", "given_name", "family_name", "degrees")
    return {
        pk: f"{given} {family}".strip() + (f", {degrees}" if degrees else "") for pk, given, family, degrees in named
    }


def _addresses(found: Directory, keys: Collection[Key]) -> None:
    """E-mail addresses and phones: whose evidence stands under them, and who has proved them.

    The two can differ after an address was given to somebody else; then nobody is credited before the office looked.
    """
    if not keys:
        return
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, value in keys:
        by_kind[kind].append(value)
    wanted, same = Q(), Q()
    for kind, values in by_kind.items():
        wanted |= Q(identity__kind=kind, identity__value__in=values)
        same |= Q(kind=kind, value__in=values)
    linked = {
        (kind, value): pk
        for kind, value, pk in IdentityLink.objects.filter(wanted, ended_at=None).values_list("identity__kind", "identity__value", "person_id")
    }  # fmt: skip
    proved: dict[Key, int] = {}
    removed: set[tuple[Key, int]] = set()
    rows = PersonAddress.objects.filter(same).values_list(
        "kind", "value", "person_id", "verified_at", "removed_at", "person__deactivated_at"
    )
    for kind, value, pk, verified_at, removed_at, closed_at in rows:
        if removed_at is not None:
            removed.add(((kind, value), pk))
        elif verified_at is not None and closed_at is None:
            proved[kind, value] = pk
    for key in linked.keys() | proved.keys():
        how = MatchedBy.EMAIL if key[0] == IdentityKind.EMAIL else MatchedBy.PHONE
        owner = linked.get(key) or proved[key]
        objection = ""
        if key in linked and key in proved and linked[key] != proved[key]:
            objection = "The address changed hands: the record has it for one person, and another has proved it. Ask the CME office."
        elif key in linked and key not in proved and (key, owner) in removed:
            objection = (
                "Its owner took this address off their account, so it may be somebody else’s now. Ask the CME office."
            )
        found.addresses[key] = Owner(owner, how, key, objection)


def _licences(found: Directory, numbers: Collection[str]) -> None:
    """A number counts with its state; without one it counts where no two states gave it."""
    if not numbers:
        return
    known = Licence.objects.filter(number__in=numbers, removed_at=None, person__deactivated_at=None)
    for state, number, pk in known.values_list("state", "number", "person_id"):
        found.licences[state, number].add(pk)
        found.licences["", number].add(pk)


class Registered:
    """People with a place in an activity by the ways their names are written; loaded when first asked for."""

    def __init__(self, activity: Activity) -> None:
        self.activity = activity
        self._by_key: dict[str, set[int]] | None = None

    def called(self, name: str) -> list[int]:
        """Everybody who may be called so; their names decide nothing."""
        if self._by_key is None:
            self._by_key = defaultdict(set)
            places = Registration.objects.filter(activity=self.activity, status__in=SEAT_TAKING)
            named = places.values_list("person_id", "person__given_name", "person__family_name")
            for pk, given, family in named.iterator(chunk_size=2_000):
                for key in names.keys(f"{given} {family}"):
                    self._by_key[key].add(pk)
        for key in names.keys(name):
            if key in self._by_key:
                return sorted(self._by_key[key])
        return []


@dataclass(frozen=True)
class Tip:
    """What the ledger says now of somebody in a session by one method: the newest row of its chain."""

    pk: int
    minutes: int | None
    withdrawn: bool
    source: str
    by: str
    reason: str

    @property
    def by_import(self) -> bool:
        return self.source.startswith("import:")


def who(person_id: int | None, key: Key | None) -> str:
    """One word for one person, however a row names them."""
    if person_id is not None:
        return f"person:{person_id}"
    return f"{key[0]}:{key[1]}" if key else ""


def tips(
    session_ids: Collection[int], method: str, person_ids: Collection[int], keys: Collection[Key]
) -> dict[tuple[int, str], Tip]:
    """(session, who) → what is on record. Two queries; a row that stands goes before one that was taken back."""
    found: dict[tuple[int, str], Tip] = {}
    base = AttendanceEvidence.objects.filter(session__in=session_ids, method=method, superseded_by=None)
    columns = ("pk", "minutes", "withdrawn", "source", "recorded_by", "reason", "session_id")
    if session_ids and person_ids:
        rows = base.of_any(person_ids)
        for *rest, session_id, pk in rows.values_list(*columns, "identity__links__person_id"):
            _keep(found, (session_id, who(pk, None)), Tip(*rest))
    values = {value for _kind, value in keys}
    if session_ids and values:
        rows = base.filter(identity__value__in=values)
        for *rest, session_id, kind, value in rows.values_list(*columns, "identity__kind", "identity__value"):
            _keep(found, (session_id, who(None, (kind, value))), Tip(*rest))
    return found


def _keep(found: dict[tuple[int, str], Tip], key: tuple[int, str], tip: Tip) -> None:
    if key not in found or found[key].withdrawn:
        found[key] = tip
