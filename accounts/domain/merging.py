"""Joining two records of one person, and taking them apart again (law 9, docs/adr/0007).

Whose a row is changes; what it says never does. A merge notes every cell it changed. Undoing it gives back what it moved
from wherever later merges carried it, and leaves what somebody has changed since. All merges wait for one another.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Q

from accounts.domain import identities, merge_parts, people, person_rows, sign_in
from accounts.domain.merge_parts import Change, Objection
from accounts.enums import AddressKind, MergeHow, SuggestionState
from accounts.models import (
    DuplicateSuggestion,
    Identity,
    OfficeRole,
    Person,
    PersonAddress,
    PersonMerge,
    PersonMergeItem,
    PersonNumber,
    User,
)
from common import audit, clock, jobs, locks, mail
from common.actors import Actor, require_office, system
from common.errors import Conflict, Invalid, NotAllowed

ONLY_OFFICE = "The CME office joins records and takes them apart."
AWAY, KEPT = "away", "kept"
# What is chosen field by field: key → columns of Person that go together.
FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("given_name", "family_name"), "degrees": ("degrees", "is_physician"), "profession": ("profession",),
    "specialty": ("specialty",), "birthday": ("birth_month", "birth_day"),
}  # fmt: skip
STRAYS_AFTER = dt.timedelta(minutes=2)
OWN_REASON = "Proved the second address with a code."


# --- looking ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One field of which one of two values is kept; `values` are away's and kept's, as people read them."""

    key: str
    away: str
    kept: str
    default: str


@dataclass(frozen=True)
class Preview:
    """Two records side by side, and what joining them would do."""

    away: Person
    kept: Person
    choices: tuple[Choice, ...]
    counts: tuple[tuple[str, int, int], ...]
    objections: tuple[Objection, ...]
    remarks: tuple[str, ...]

    @property
    def moves(self) -> int:
        return sum(number for _name, number, _other in self.counts)


def preview(away: Person, kept: Person) -> Preview:
    """What whoever decides reads first."""
    found = merge_parts.objections(away, kept)
    return Preview(
        away, kept, choices=tuple(_choices(away, kept)), counts=tuple(_counts(away, kept)), objections=tuple(found),
        remarks=tuple(merge_parts.remarks(away, kept)) if away.pk != kept.pk else (),
    )  # fmt: skip


def _choices(away: Person, kept: Person) -> list[Choice]:
    """The fields in which both say something, and not the same."""
    rows: list[tuple[str, str, str]] = [
        ("name", away.full_name, kept.full_name), ("degrees", away.degrees, kept.degrees),
        ("profession", away.get_profession_display(), kept.get_profession_display()),
        ("specialty", away.specialty, kept.specialty), ("birthday", _birthday(away), _birthday(kept)),
        ("email", people.email_of(away), people.email_of(kept)),
    ]  # fmt: skip
    numbers = {(n.person_id, n.kind): n for n in PersonNumber.objects.filter(person__in=[away, kept], removed_at=None)}
    for kind in sorted({kind for _person, kind in numbers}):
        mine, theirs = numbers.get((away.pk, kind)), numbers.get((kept.pk, kind))
        if mine and theirs:
            rows.append((f"number:{kind}", mine.value, theirs.value))
    return [Choice(key, a, k, KEPT) for key, a, k in rows if a and k and a != k]


def _birthday(person: Person) -> str:
    return f"{person.birth_month:02}/{person.birth_day:02}" if person.birth_month else ""


def _counts(away: Person, kept: Person) -> list[tuple[str, int, int]]:
    """(what, how many of away, of kept), by the words of each app; tables of one name are added up."""
    ids = [away.pk, kept.pk]
    found = person_rows.counts(ids)
    words = merge_parts.names()
    totals: dict[str, list[int]] = {}
    for n, pk in enumerate(ids):
        for label, number in found[pk].items():
            name = str(words.get(label) or apps.get_model(label)._meta.verbose_name_plural).capitalize()
            totals.setdefault(name, [0, 0])[n] += number
    for part in merge_parts.parts():
        if part.counts:
            more = part.counts(ids)
            for n, pk in enumerate(ids):
                for name, number in more.get(pk, {}).items():
                    totals.setdefault(name, [0, 0])[n] += number
    return [(name, *numbers) for name, numbers in totals.items() if any(numbers)]  # type: ignore[misc]


# --- joining ----------------------------------------------------------------------------------------


def merge(*, away_id: int, kept_id: int, choices: Mapping[str, str], reason: str, by: Actor) -> PersonMerge:
    """The office joins the record `away` to the record `kept`.

    `choices` says per field (see `preview`) whose value stays, "away" or "kept". Raises NotAllowed for one's own
    records and for office roles unless a director does it, Conflict with every objection, Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": "Say how you know that this is one person."})
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        away, kept = _hold(away_id, kept_id)
        _require_may(by, away, kept)
        return _merge(away, kept, choices, reason.strip(), MergeHow.OFFICE, by)


def objections_of_owner(away: Person, kept: Person) -> list[Objection]:
    """What keeps a person from joining their own second record by themselves."""
    found = list(merge_parts.objections(away, kept))
    user = User.objects.filter(person=away).first()
    if OfficeRole.objects.filter(person=away, revoked_at=None).exists() or (user and is_mfa_enabled(user)):
        # A code by e-mail must not open what a second factor guards (decision 24).
        found.append(
            Objection("The other account has an office role or a second factor, so the CME director joins the two.")
        )
    return found


def join_own(*, email: str, other_id: int, choices: Mapping[str, str], by: Actor) -> PersonMerge:
    """A signed-in person who proved a second address joins the record behind it to their own.

    Raises Conflict with what stands in the way, or when the address has another owner by now.
    """
    if by.person_id is None or by.kind != "user":
        raise NotAllowed("Sign in to join your records.")
    value = people.normalize_email(email)
    with transaction.atomic(durable=True):
        locks.lock_key("identity", value)
        owner = people.find_by_email(value)
        if owner is None or owner.pk != other_id:
            raise Conflict("This address belongs to another record by now. Prove it again to see whose it is.")
        away, kept = _hold(other_id, by.person_id)
        found = objections_of_owner(away, kept)
        if found:
            raise Conflict(*[o.text for o in found])
        done = _merge(away, kept, choices, OWN_REASON, MergeHow.OWNER, by)
        _prove(kept, value, by)
        return done


def ask_office(*, email: str, other_id: int, by: Actor) -> DuplicateSuggestion:
    """Put a pair on the office's list because its owner proved both addresses and cannot join them alone."""
    if by.person_id is None or by.kind != "user":
        raise NotAllowed("Sign in first.")
    with transaction.atomic(durable=True):
        owner = people.find_by_email(email)
        if owner is None or owner.pk != other_id or owner.pk == by.person_id:
            raise Conflict("This address belongs to another record by now. Prove it again to see whose it is.")
        low, high = sorted((by.person_id, other_id))
        sentence = "The person proved both addresses and asks the office to join the records."
        row, _made = DuplicateSuggestion.objects.update_or_create(
            low_id=low, high_id=high,
            defaults={
                "score": 100, "reasons": [["asked", 100, sentence]], "asked_by_owner": True, "found_at": clock.now(),
                "state": SuggestionState.OPEN, "settled_at": None, "settled_by": "",
            },
        )  # fmt: skip
        audit.record("merge_asked", by=by, subject=row, new={"email": email, "other": other_id})
        return row


def _hold(one_id: int, other_id: int) -> tuple[Person, Person]:
    """Both people, held; claims and sign-ins of either wait. Merges wait for each other before they look."""
    locks.lock_key("person_merge", "all")
    rows = Person.objects.select_for_update(of=("self",)).filter(pk__in={one_id, other_id}).order_by("pk")
    found = {p.pk: p for p in rows}
    return found[one_id], found[other_id]


def _require_may(by: Actor, *persons: Person) -> None:
    """Nobody gains a role, or another name for their own record, by their own hand (law 7)."""
    ids = {p.pk for p in persons}
    if by.person_id in ids:
        raise NotAllowed("This is your own record. Join your records on your profile, or ask a colleague.")
    if not by.is_director and by.kind == "user" and OfficeRole.objects.filter(person__in=ids, revoked_at=None).exists():
        raise NotAllowed("One of them holds an office role. The CME director joins such records.")


def _merge(away: Person, kept: Person, choices: Mapping[str, str], reason: str, how: str, by: Actor) -> PersonMerge:
    """All of it, with both people held; assert an open transaction."""
    locks.require_transaction()
    found = merge_parts.objections(away, kept)
    if found:
        raise Conflict(*[o.text for o in found])
    at = clock.now()
    told = {p.pk: (people.email_of(p), p.full_name) for p in (away, kept)}
    row = PersonMerge.objects.create(
        away=away, kept=kept, how=how, reason=reason, remarks=merge_parts.remarks(away, kept), merged_at=at, merged_by=by.label
    )  # fmt: skip
    changes = _choose(away, kept, choices, at)
    changes += _settle_addresses(away, kept, choices, at)
    changes += _settle_numbers(away, kept, choices, at)
    changes += _move(away, kept, by, at)
    changes += _ensure_main_address(kept)
    person_rows.change(away, {"merged_into": kept, "deactivated_at": at})
    changes += _hand_over_user(away, kept)
    _note(row, changes)
    sign_in.refresh(away)
    sign_in.refresh(kept)
    low, high = sorted((away.pk, kept.pk))
    DuplicateSuggestion.objects.filter(low_id=low, high_id=high).update(
        state=SuggestionState.JOINED, settled_at=at, settled_by=by.label
    )
    DuplicateSuggestion.objects.filter(Q(low=away) | Q(high=away), state=SuggestionState.OPEN).delete()
    audit.record("people_joined", by=by, subject=kept, new={"merge": row.pk, "away": away.pk}, reason=reason)
    audit.record("joined_to", by=by, subject=away, new={"merge": row.pk, "kept": kept.pk}, reason=reason)
    _tell(told, row, undone=False)
    # What an open page of the closed record wrote a moment too late is gathered in.
    jobs.later("accounts.tasks.gather_strays", row.pk, key=f"strays:{row.pk}", delay=STRAYS_AFTER)
    return row


def _choose(away: Person, kept: Person, choices: Mapping[str, str], at: dt.datetime) -> list[Change]:
    """The fields of the person: what was chosen, and what only the closed record knew."""
    values: dict[str, Any] = {}
    confirmed = {p.name_with_degrees: p.name_confirmed_at for p in (away, kept) if p.name_confirmed_at}
    for key, columns in FIELDS.items():
        chosen = choices.get(key) == AWAY and any(getattr(away, name) for name in columns)
        if chosen or not getattr(kept, columns[0]):
            values |= {name: getattr(away, name) for name in columns}
    found = merge_parts.changed(kept, values)
    # The name was looked at as it was printed then; another combination is looked at again.
    return found + merge_parts.changed(kept, {"name_confirmed_at": confirmed.get(kept.name_with_degrees)})


def _settle_addresses(away: Person, kept: Person, choices: Mapping[str, str], at: dt.datetime) -> list[Change]:
    """One row per address, the proved one; one main address, the chosen one."""
    rows = list(
        PersonAddress.objects.select_for_update().filter(person__in=[away, kept], removed_at=None).order_by("pk")
    )
    theirs = {(a.kind, a.value): a for a in rows if a.person_id == kept.pk}
    mine = [a for a in rows if a.person_id == away.pk]
    found: list[Change] = []
    for row in mine:
        other = theirs.get((row.kind, row.value))
        if other is None:
            continue
        worse = other if row.verified_at and not other.verified_at else row
        found += merge_parts.changed(worse, {"removed_at": at, "is_primary": False})
    for kind in AddressKind.values:
        own = [a for a in rows if a.kind == kind and a.removed_at is None]
        old_main = next((a for a in own if a.person_id == kept.pk and a.is_primary), None)
        new_main = next((a for a in own if a.person_id == away.pk and a.is_primary), None)
        if old_main and new_main and choices.get("email") == AWAY and kind == AddressKind.EMAIL:
            found += merge_parts.changed(old_main, {"is_primary": False})
    return found


def _ensure_main_address(kept: Person) -> list[Change]:
    """Somebody who has an address has a main one."""
    rows = PersonAddress.objects.filter(person=kept, kind=AddressKind.EMAIL, removed_at=None)
    if rows.filter(is_primary=True).exists():
        return []
    first = rows.order_by(F("verified_at").asc(nulls_last=True), "pk").first()
    return merge_parts.changed(first, {"is_primary": True}) if first else []


def _settle_numbers(away: Person, kept: Person, choices: Mapping[str, str], at: dt.datetime) -> list[Change]:
    """Where the closed record's number was chosen, the other's is ended; otherwise the closed record's is, on the way."""
    kinds = [key.split(":", 1)[1] for key, whose in choices.items() if key.startswith("number:") and whose == AWAY]
    mine = set(PersonNumber.objects.filter(person=away, removed_at=None, kind__in=kinds).values_list("kind", flat=True))
    rows = PersonNumber.objects.select_for_update().filter(person=kept, removed_at=None, kind__in=mine)
    return [c for row in rows for c in merge_parts.changed(row, {"removed_at": at})]


def _move(away: Person, kept: Person, by: Actor, at: dt.datetime) -> list[Change]:
    """Let everything that points to one person point to the other. Safe to repeat: it moves what is there."""
    found: list[Change] = []
    rules = merge_parts.duplicates()
    for column in person_rows.columns():
        clashes = person_rows.clashes(column, away, kept)
        staying = set()
        for mine_pk, theirs_pk in clashes.items():
            rows = column.model._base_manager.select_for_update(of=("self",)).in_bulk([mine_pk, theirs_pk])
            rule = rules.get(column.label)
            changes = rule(rows[mine_pk], rows[theirs_pk], by, at) if rule else None
            if changes is None:
                staying.add(mine_pk)
            else:
                found += changes
        keys = column.model._base_manager.filter(**{column.field: away}).exclude(pk__in=staying)
        moved = person_rows.repoint(column, keys=list(keys.values_list("pk", flat=True)), holders=[away.pk], to=kept)
        found += [Change(column.model(pk=pk), column.attname, away.pk, kept.pk) for pk in moved]
    for pk in identities.move(away=away, kept=kept, by=by, reason="records joined"):
        found.append(Change(Identity(pk=pk), "link", away.pk, kept.pk))
    return found


def _hand_over_user(away: Person, kept: Person) -> list[Change]:
    """The account comes along where the kept record has none; where both have one, the other's only stops signing in."""
    user = User.objects.select_for_update(of=("self",)).filter(person=away).first()
    if user is None or User.objects.filter(person=kept).exists():
        return []
    User.objects.filter(pk=user.pk).update(person=kept)
    return [Change(user, "person_id", away.pk, kept.pk)]


def _note(row: PersonMerge, changes: Sequence[Change]) -> None:
    PersonMergeItem.objects.bulk_create(
        [
            PersonMergeItem(
                merge=row, table=c.row._meta.label, row=str(c.row.pk), column=c.column, old=person_rows.plain(c.old), new=person_rows.plain(c.new)
            )
            for c in changes
        ],
        batch_size=1000,
    )  # fmt: skip


def _prove(person: Person, email: str, by: Actor) -> None:
    """The address that was proved on the way is proved, whosever it was entered as."""
    row = PersonAddress.objects.filter(person=person, kind=AddressKind.EMAIL, value=email, removed_at=None).first()
    if row is None:
        PersonAddress.objects.create(
            person=person, kind=AddressKind.EMAIL, value=email, verified_at=clock.now(), created_at=clock.now()
        )
    elif row.verified_at is None:
        row.verified_at = clock.now()
        row.save(update_fields=["verified_at"])
    identities.link(person=person, kind="email", value=email, by=by, reason="proved by a code")
    sign_in.refresh(person)


def gather_strays(*, merge_id: int) -> int:
    """Move what was written to a closed record after it was joined; how many cells. Safe to repeat."""
    by = system("joined records")
    with transaction.atomic(durable=True):
        locks.lock_key("person_merge", "all")
        row = PersonMerge.objects.select_related("away").filter(pk=merge_id, undone_at=None).first()
        if row is None:
            return 0
        away, kept = _hold(row.away_id, people.live(row.away_id).pk)
        changes = _move(away, kept, by, clock.now())
        _note(row, changes)
        return len(changes)


def with_strays() -> list[int]:
    """Live merges whose closed record something points to that did not stay there on purpose. One query for the counts."""
    rows = dict(PersonMerge.objects.filter(undone_at=None).values_list("away_id", "pk"))
    counted = person_rows.counts(list(rows))
    return [rows[pk] for pk, tables in counted.items() if tables]


# --- taking apart -------------------------------------------------------------------------------------


def undo(*, merge_id: int, reason: str, by: Actor) -> PersonMerge:
    """Give a record back what a merge took from it, from wherever it is now (A → B undone while B → C stands included).

    A row goes back if one of the people that the kept record stands for has it; a field, if it still says what the
    merge wrote. Everything else stays and is listed in `undo_remarks`. Raises Conflict when it is undone already.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why these are two people."})
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        locks.lock_key("person_merge", "all")
        row = locks.lock_row(PersonMerge.objects.all(), pk=merge_id)
        if row.undone_at is not None:
            raise Conflict("This was undone already.")
        holders = person_rows.holders_of(Person.objects.get(pk=row.kept_id))
        persons = Person.objects.select_for_update(of=("self",)).filter(pk__in=[row.away_id, *holders]).order_by("pk")
        found = {p.pk: p for p in persons}
        _require_may(by, *found.values())
        away, at = found[row.away_id], clock.now()
        person_rows.change(away, {"merged_into": None, "deactivated_at": None})
        row.undo_remarks = _give_back(row, away, holders, by)
        row.undone_at, row.undone_by, row.undo_reason = at, by.label, reason.strip()
        row.save(update_fields=["undone_at", "undone_by", "undo_reason", "undo_remarks"])
        for pk in [*holders, away.pk]:
            sign_in.refresh(Person.objects.get(pk=pk))
        low, high = sorted((row.away_id, row.kept_id))
        DuplicateSuggestion.objects.filter(low_id=low, high_id=high, state=SuggestionState.JOINED).update(
            state=SuggestionState.DISMISSED, note=reason.strip()[:250]
        )
        audit.record(
            "people_separated", by=by, subject=found[row.kept_id], old={"merge": row.pk, "away": away.pk}, reason=reason
        )
        audit.record("separated_from", by=by, subject=away, old={"merge": row.pk, "kept": row.kept_id}, reason=reason)
        last = found[holders[-1]]
        _tell({p.pk: (people.email_of(p), p.full_name) for p in (away, last)}, row, undone=True)
        return row


def _give_back(row: PersonMerge, away: Person, holders: list[int], by: Actor) -> list[str]:
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    cells: dict[tuple[str, str], list[tuple[str, Any, Any]]] = defaultdict(list)
    for item in row.items.order_by("pk"):
        if item.old == away.pk and item.column in _person_columns(item.table):
            moved[(item.table, item.column)].append(item.row)
        else:
            cells[(item.table, item.row)].append((item.column, item.old, item.new))
    told: list[str] = []
    stayed = 0
    back: list[int] = []
    for (table, column), keys in moved.items():
        if table == "accounts.User":
            User.objects.filter(pk__in=keys, person__in=holders).update(person=away)
        elif table == "accounts.Identity":
            back = identities.give_back(
                identity_ids=[int(k) for k in keys], holders=holders, to=away, by=by, reason="records taken apart"
            )
            stayed += len(set(keys)) - len(back)
        else:
            stayed += _rows_back(table, column, keys, away, holders)
    # A later merge on the way ended some of these rows because of a namesake there: that reason is gone with them.
    for item in _ended_on_the_way(moved, holders):
        cells[(item.table, item.row)].append((item.column, item.old, item.new))
    for (table, key), changes in cells.items():
        told += _cells_back(table, key, changes)
    if stayed:
        told.append(
            "One record went to somebody else since and stays there."
            if stayed == 1
            else f"{stayed} records went to somebody else since and stay there."
        )
    for part in merge_parts.parts():
        if part.undo_remarks:
            told += part.undo_remarks(row, back)
    return told


def _person_columns(table: str) -> frozenset[str]:
    if table in {"accounts.User", "accounts.Identity"}:
        return frozenset({"person_id", "link"})
    return frozenset(c.attname for c in person_rows.columns() if c.label == table)


def _rows_back(table: str, attname: str, keys: Collection[str], away: Person, holders: Sequence[int]) -> int:
    """Rows of one table; how many of them somebody else has by now."""
    column = next(c for c in person_rows.columns() if (c.label, c.attname) == (table, attname))
    to_key = column.model._meta.pk.to_python
    wanted = {to_key(k) for k in keys}
    mine = set(column.model._base_manager.filter(pk__in=wanted, **{column.field: away}).values_list("pk", flat=True))
    back = person_rows.repoint(column, keys=wanted - mine, holders=holders, to=away)
    gone = wanted - mine - set(back)
    return column.model._base_manager.filter(pk__in=gone).count()


def _ended_on_the_way(moved: Mapping[tuple[str, str], list[str]], holders: Sequence[int]) -> list[PersonMergeItem]:
    later = person_rows.later_merges(holders)
    if not later:
        return []
    keys = {(table, key) for (table, _column), rows in moved.items() for key in rows}
    found = PersonMergeItem.objects.filter(merge__in=later, table__in={t for t, _k in keys}).order_by("-pk")
    return [i for i in found if (i.table, i.row) in keys and i.column not in _person_columns(i.table)]


def _cells_back(table: str, key: str, changes: Sequence[tuple[str, Any, Any]]) -> list[str]:
    """Columns of one row that still say what the merge wrote."""
    for part in merge_parts.parts():
        if table in part.restored:
            return [text for column, old, _new in changes for text in part.restored[table](key, column, old)]
    model: type[models.Model] = apps.get_model(table)
    row = model._base_manager.select_for_update(of=("self",)).filter(pk=key).first()
    if row is None:
        return []
    values = {
        column: model._meta.get_field(column).to_python(old)  # type: ignore[union-attr]
        for column, old, new in changes
        if person_rows.plain(getattr(row, column)) == new
    }
    person_rows.change(row, values)
    return []


# --- suggestions settled by hand ----------------------------------------------------------------------


def dismiss(*, one_id: int, other_id: int, note: str, by: Actor) -> DuplicateSuggestion:
    """Remember that two records are two people; the pair is not suggested again."""
    require_office(by, ONLY_OFFICE)
    low, high = sorted((one_id, other_id))
    with transaction.atomic(durable=True):
        row = DuplicateSuggestion.objects.select_for_update().filter(low_id=low, high_id=high).first()
        if row is None:
            row = DuplicateSuggestion.objects.create(low_id=low, high_id=high, score=0, found_at=clock.now())
        if row.state != SuggestionState.OPEN:
            raise Conflict("This pair is settled already.")
        row.state, row.settled_at, row.settled_by, row.note = (
            SuggestionState.DISMISSED, clock.now(), by.label, note.strip()[:250],
        )  # fmt: skip
        row.save(update_fields=["state", "settled_at", "settled_by", "note"])
        audit.record("pair_dismissed", by=by, subject=row, reason=note.strip())
        return row


def reopen(*, suggestion_id: int, by: Actor) -> DuplicateSuggestion:
    """Take a dismissal back."""
    require_office(by, ONLY_OFFICE)
    with transaction.atomic(durable=True):
        row = locks.lock_row(DuplicateSuggestion.objects.all(), pk=suggestion_id)
        if row.state != SuggestionState.DISMISSED:
            raise Conflict("This pair is not dismissed.")
        row.state, row.settled_at, row.settled_by = SuggestionState.OPEN, None, ""
        row.save(update_fields=["state", "settled_at", "settled_by"])
        audit.record("pair_reopened", by=by, subject=row)
        return row


def _tell(told: Mapping[int, tuple[str, str]], row: PersonMerge, *, undone: bool) -> None:
    """Both mailboxes learn of it, so that nobody's record moves silently."""
    subject = "Your records are two accounts again" if undone else "Two accounts of yours were joined"
    for email, name in told.values():
        if email:
            mail.send(
                "accounts_joined", to=email, to_name=name, subject=subject,
                context={"undone": undone, "emails": [e for e, _n in told.values() if e], "how": row.how},
            )  # fmt: skip
