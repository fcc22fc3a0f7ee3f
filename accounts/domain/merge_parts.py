"""How each app takes part when two records of one person are joined: what it shows, forbids, says, and ends.

`settings.PERSON_MERGE` names one `Part` per app (dotted paths); a lower app asks the higher ones through it.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from accounts.domain import person_rows
from accounts.models import OfficeRole, Person, PersonAddress, User
from common.actors import Actor


@dataclass(frozen=True)
class Objection:
    """Why two records cannot be joined now. `link` is where the office can settle it."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Change:
    """One cell that a merge changed."""

    row: models.Model
    column: str
    old: Any
    new: Any


# (mine, theirs, by, at) → what was changed so that both can be one person's; None: mine stays with the closed record.
Duplicate = Callable[[Any, Any, Actor, dt.datetime], "list[Change] | None"]


def stays(mine: models.Model, theirs: models.Model, by: Actor, at: dt.datetime) -> None:
    """Both say the same; the other one is enough."""
    return


def ends(at_column: str, by_column: str = "") -> Duplicate:
    """Of two live rows the closed record's is ended, then moves."""

    def resolve(mine: models.Model, theirs: models.Model, by: Actor, at: dt.datetime) -> list[Change]:
        return changed(mine, {at_column: at, **({by_column: by.label} if by_column else {})})

    return resolve


def changed(row: models.Model, values: Mapping[str, Any]) -> list[Change]:
    """Set columns of a row and say what that changed."""
    return [Change(row, *found) for found in person_rows.change(row, values)]


@dataclass(frozen=True)
class Part:
    """One app's part.

    `names` gives the words for its tables, `counts` numbers that hang on no person directly, `duplicates` says what
    happens to a row that a unique key forbids beside the other's (a table not named: the merge is refused).
    `objections` forbid, `remarks` are read before somebody decides. When a merge is undone, `restored` gets each cell
    of its tables that was noted (row key, column, old) instead of having it written back, `undo_remarks` gets the
    merge and the identities that went back; both return sentences.
    """

    names: Mapping[str, Any] = field(default_factory=dict)
    counts: Callable[[Sequence[int]], dict[int, dict[str, int]]] | None = None
    duplicates: Mapping[str, Duplicate] = field(default_factory=dict)
    objections: Callable[[Person, Person], list[Objection]] | None = None
    remarks: Callable[[Person, Person], list[str]] | None = None
    restored: Mapping[str, Callable[[Any, str, Any], list[str]]] = field(default_factory=dict)
    undo_remarks: Callable[[Any, Sequence[int]], list[str]] | None = None


def parts() -> list[Part]:
    """Of every app, from the bottom."""
    return [OWN, *(import_string(path) for path in settings.PERSON_MERGE)]


def duplicates() -> dict[str, Duplicate]:
    return {label: rule for part in parts() for label, rule in part.duplicates.items()}


def names() -> dict[str, Any]:
    return {label: words for part in parts() for label, words in part.names.items()}


def objections(away: Person, kept: Person) -> list[Objection]:
    """Everything that forbids joining two records, whoever asks."""
    found = [o for part in parts() if part.objections for o in part.objections(away, kept)]
    known = duplicates()
    for column in person_rows.columns():
        if column.label not in known and person_rows.clashes(column, away, kept):
            words = column.model._meta.verbose_name
            found.append(Objection(f"Both records have the same {words}, and a person can have it once."))
    return found if len(found) < 2 else list({o.text: o for o in found}.values())


def remarks(away: Person, kept: Person) -> list[str]:
    """What whoever decides should know; nothing of it forbids."""
    return [text for part in parts() if part.remarks for text in part.remarks(away, kept)]


# --- the accounts app's own part ------------------------------------------------------------------------


def _closed(away: Person, kept: Person) -> list[Objection]:
    if away.pk == kept.pk:
        return [Objection("This is one record. Choose another one to compare it with.")]
    for person in (away, kept):
        if person.merged_into_id is not None:
            return [Objection(f"The record of {person.name_with_degrees} was joined to another already.")]
        if person.deactivated_at is not None:
            return [Objection(f"The account of {person.name_with_degrees} is closed. Open it again first.")]
    return []


def _roles_and_users(away: Person, kept: Person) -> list[str]:
    found = []
    if away.is_physician != kept.is_physician:
        found.append(
            "One record has a physician’s degree and the other has none. Issued certificates keep their words; the degrees you keep decide what can be claimed from now on (AMA-CORE-4)."
        )
    roles = OfficeRole.objects.filter(person__in=[away, kept], revoked_at=None)
    found += [f"{row.person.name_with_degrees}: {row.get_role_display()}." for row in roles.select_related("person")]
    users = User.objects.filter(person__in=[away, kept]).count()
    if users == 2:
        found.append(
            "Both sign in today. From then on each of their addresses signs in to the one record that is kept."
        )
    return found


def _demoted(mine: PersonAddress, theirs: PersonAddress, by: Actor, at: dt.datetime) -> list[Change]:
    """Two main addresses: the record that is kept has the main one, unless it was chosen otherwise before."""
    return changed(mine, {"is_primary": False})


OWN = Part(
    names={
        "accounts.PersonAddress": "Addresses and phones", "accounts.OfficeRole": "Office roles", "accounts.DepartmentMember": "Departments to plan for",
        "accounts.PersonNumber": "Board and registry numbers", "accounts.Licence": "Licenses", "accounts.LinkGrant": "Links sent by e-mail",
        "accounts.NameChange": "Name changes", "accounts.Organisation": "Organizations assessed or decided",
    },
    duplicates={
        "accounts.PersonAddress": _demoted, "accounts.OfficeRole": ends("revoked_at", "revoked_by"), "accounts.DepartmentMember": ends("removed_at"),
        "accounts.PersonNumber": ends("removed_at"), "accounts.Licence": ends("removed_at"),
    },
    objections=_closed,
    remarks=_roles_and_users,
)  # fmt: skip
