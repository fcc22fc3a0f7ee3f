"""Whose rows are when they go on record: the identity of each, known or new. The same for every kind of list."""

from collections.abc import Collection, Mapping, Sequence

from accounts.domain import identities
from accounts.models import Identity, IdentityLink
from activities.domain.imports import matching
from activities.domain.imports.drafts import AnyRow
from activities.domain.imports.matching import Key
from activities.enums import RowVerdict
from activities.models import ImportBatch, ImportRow
from common import clock


def who(row: ImportRow) -> str:
    """As it is now: records may have been joined since the preview."""
    return matching.who(row.person_id, (row.identity_kind, row.identity_value))


def not_written(row: AnyRow, code: str, reason: str, verdict: RowVerdict) -> None:
    row.verdict, row.code, row.reason = verdict, code, reason


def changed_hands(row: ImportRow) -> None:
    why = "The address belongs to somebody else since the preview. Ask the CME office."
    not_written(row, "changed_hands", why, RowVerdict.PROBLEM)


def identities_of(batch: ImportBatch, rows: Sequence[ImportRow]) -> dict[int, Identity]:
    """The identity each row is recorded under; none for a row whose address has become somebody else's."""
    by_key = _named({(r.identity_kind, r.identity_value) for r in rows if r.identity_kind})
    live = dict(
        IdentityLink.objects.filter(identity__in=by_key.values(), ended_at=None).values_list("identity_id", "person_id")
    )
    _link(batch, rows, by_key, live)
    found: dict[int, Identity] = {}
    own: dict[int, Identity] = {}
    for row in rows:
        if row.identity_kind:
            identity = by_key[row.identity_kind, row.identity_value]
            if live.get(identity.pk, row.person_id) == row.person_id or row.person_id is None:
                found[row.pk] = identity
        elif row.person_id is not None:
            if row.person_id not in own:
                assert row.person is not None
                own[row.person_id] = identities.of_person(row.person)
            found[row.pk] = own[row.person_id]
    return found


def _named(keys: Collection[Key]) -> dict[Key, Identity]:
    if not keys:
        return {}
    Identity.objects.bulk_create(
        [Identity(kind=kind, value=value) for kind, value in sorted(keys)], ignore_conflicts=True
    )
    known = Identity.objects.filter(value__in={value for _kind, value in keys})
    return {(i.kind, i.value): i for i in known if (i.kind, i.value) in keys}


def _link(batch: ImportBatch, rows: Sequence[ImportRow], by_key: Mapping[Key, Identity], live: dict[int, int]) -> None:
    """Addresses that a person has proved become theirs in the record, as when they check in themselves."""
    new = {
        by_key[r.identity_kind, r.identity_value].pk: r.person_id
        for r in rows if r.person_id and r.identity_kind and by_key[r.identity_kind, r.identity_value].pk not in live
    }  # fmt: skip
    at, proved = clock.now(), "proved address, by an import"
    IdentityLink.objects.bulk_create(
        [IdentityLink(identity_id=pk, person_id=person_id, linked_at=at, linked_by=batch.confirmed_by, reason=proved) for pk, person_id in sorted(new.items())],
        ignore_conflicts=True,
    )  # fmt: skip
    live.update(
        IdentityLink.objects.filter(identity__in=list(new), ended_at=None).values_list("identity_id", "person_id")
    )
