"""Every cell of the database that points to a person, and moving them from one person to another.

The one place where rows that are otherwise read-only change: whose they are, never what they say (docs/adr/0007). Which
columns there are is read from the models, so that a new table takes part by itself.
"""

import functools
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pghistory.models
import pgtrigger
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import Q

from accounts.models import Person, PersonMerge
from common import locks

# These say who somebody was or is; joining two records has rules of its own for them, or leaves them as history.
OWN_RULES = frozenset(
    {
        "accounts.Person",
        "accounts.User",
        "accounts.IdentityLink",
        "accounts.PersonMerge",
        "accounts.DuplicateSuggestion",
    }
)


@dataclass(frozen=True)
class Column:
    """A foreign key to a person."""

    model: type[models.Model]
    field: str

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def attname(self) -> str:
        return f"{self.field}_id"


@functools.cache
def columns() -> tuple[Column, ...]:
    """All of them, by table; histories (pghistory) keep what they say."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.label in OWN_RULES or not model._meta.managed or issubclass(model, pghistory.models.Event):
            continue
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is Person:
                found.append(Column(model, field.name))
    return tuple(sorted(found, key=lambda c: (c.label, c.field)))


def counts(person_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many rows of each model point to each person. One query."""
    q = connection.ops.quote_name
    parts = [
        f"SELECT {n}, {q(c.attname)}, count(*) FROM {q(c.model._meta.db_table)} WHERE {q(c.attname)} = ANY(%s) GROUP BY 2"  # noqa: S608 - names of our own tables
        for n, c in enumerate(columns())
    ]
    found: dict[int, dict[str, int]] = {pk: {} for pk in person_ids}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [list(person_ids)] * len(parts))
        for n, person_id, number in cursor.fetchall():
            label = columns()[n].label
            found[person_id][label] = found[person_id].get(label, 0) + number
    return found


def clashes(column: Column, away: Person, kept: Person) -> dict[Any, Any]:
    """Rows of one person that a unique key forbids beside a row of the other: their keys → the other's keys."""
    found: dict[Any, Any] = {}
    for fields, condition, nulls_are_one in _unique_keys(column):
        mine, theirs = (
            column.model._base_manager.filter(condition, **{column.field: person}).values_list("pk", *fields)
            for person in (away, kept)
        )
        taken = {tuple(rest): pk for pk, *rest in theirs}
        for pk, *rest in mine:
            key = tuple(rest)
            if key in taken and (nulls_are_one or None not in key):
                found[pk] = taken[key]
    return found


def _unique_keys(column: Column) -> Iterable[tuple[list[str], Q, bool]]:
    field = column.model._meta.get_field(column.field)
    if getattr(field, "unique", False):
        yield [], Q(), True
    for constraint in column.model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and column.field in constraint.fields:
            rest = [name for name in constraint.fields if name != column.field]
            yield rest, constraint.condition or Q(), constraint.nulls_distinct is False


def repoint(column: Column, *, keys: Collection[Any], holders: Collection[int], to: Person) -> list[Any]:
    """Let rows that one of `holders` has point to a person; the keys of those that did. Asserts an open transaction.

    The named exemption from read-only triggers: it lasts for this one statement, changes this one column, and every
    row it moves is written to `PersonMergeItem` in the same transaction by its two callers.
    """
    locks.require_transaction()
    rows = column.model._base_manager.filter(pk__in=list(keys), **{f"{column.field}__in": list(holders)})
    found = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if found:
        still = column.model._base_manager.filter(pk__in=found)
        uris = _guards(column.model)
        if uris:
            with pgtrigger.ignore(*uris):
                still.update(**{column.field: to})
        else:
            still.update(**{column.field: to})
    return found


@functools.cache
def _guards(model: type[models.Model]) -> tuple[str, ...]:
    """The triggers that keep rows of a model as they are; history and state triggers stay on."""
    registered: Any = pgtrigger.registered()
    return tuple(
        f"{model._meta.label}:{trigger.name}"
        for owner, trigger in registered
        if owner is model and type(trigger) in (pgtrigger.Protect, pgtrigger.ReadOnly)
    )


def change(row: models.Model, values: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Set columns of a row that the caller holds; (column, old, new) of those that differ."""
    locks.require_transaction()
    changed = [(name, getattr(row, name), value) for name, value in values.items() if getattr(row, name) != value]
    for name, _old, value in changed:
        setattr(row, name, value)
    if changed:
        row.save(update_fields=[name for name, _old, _new in changed])
    return changed


def plain(value: Any) -> Any:
    """A value as it is kept in JSON, so that what is in the database can be compared with what was noted."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def holders_of(person: Person) -> list[int]:
    """The ids of a person and of everybody they were joined to since, the one that stands last. One query a step."""
    chain = [person.pk]
    following = person.merged_into_id
    while following is not None:
        chain.append(following)
        following = Person.objects.values_list("merged_into_id", flat=True).get(pk=following)
    return chain


def joined_to(person: Person) -> list[int]:
    """The ids of everybody who was joined to a person, and to those, and still is. One query a step."""
    found: list[int] = []
    step = [person.pk]
    while step:
        step = list(Person.objects.filter(merged_into__in=step).order_by("pk").values_list("pk", flat=True))
        found += step
    return found


def later_merges(holders: Sequence[int]) -> list[int]:
    """The live merges between the people of such a chain."""
    return list(
        PersonMerge.objects.filter(away__in=holders, undone_at=None).order_by("pk").values_list("pk", flat=True)
    )
