"""Links by which a person lets others read a part of their transcript: 256 random bits, stored hashed, until a day.

What a link shows is the transcript as it is when it is opened, within the filters that were chosen, never more. When it
was opened is noted beside it (common.views.note): lossy, and no rule depends on it.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Max
from django.http import Http404

from accounts.models import Person
from common import audit, clock, codes, locks
from common.actors import Actor, require_self
from common.errors import Conflict, Gone, Invalid
from common.models import SeenNote
from credits.domain.transcript_filters import Filters
from credits.models import TranscriptShare

ONLY_SELF = "A transcript is shared by the person it is about."
OPENED = "transcript_share"
DAYS = (7, 30, 90, 365)
MOST = 20


@dataclass(frozen=True)
class Link:
    """A link in its owner's list."""

    share: TranscriptShare
    filters: Filters
    opened: int
    last_opened_at: dt.datetime | None
    is_live: bool


def make(*, person_id: int, label: str, filters: Filters, days: int, by: Actor) -> tuple[TranscriptShare, str]:
    """Make a link. Returns it with its token, which is kept nowhere. Raises Conflict when there are too many that work."""
    require_self(by, person_id, ONLY_SELF)
    if not label.strip():
        raise Invalid(fields={"label": "Write for whom it is, for example “Credentialing at Harbor Clinic”."})
    if days not in DAYS:
        raise Invalid(fields={"days": "Choose how long it works."})
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        at = clock.now()
        if TranscriptShare.objects.filter(person=person, revoked_at=None, expires_at__gt=at).count() >= MOST:
            raise Conflict(f"You have {MOST} links that work. End one of them first.")
        token = codes.token()
        row = TranscriptShare.objects.create(
            person=person, token_hash=codes.digest(token), label=label.strip(), filters=filters.as_data, created_at=at,
            expires_at=at + dt.timedelta(days=days),
        )  # fmt: skip
        audit.record("transcript_shared", by=by, subject=row, new={"filters": row.filters, "until": row.expires_at})
    return row, token


def revoke(*, person_id: int, share_id: int, by: Actor) -> TranscriptShare:
    """End a link at once. Twice changes nothing."""
    require_self(by, person_id, ONLY_SELF)
    with transaction.atomic(durable=True):
        found = TranscriptShare.objects.select_for_update(of=("self",)).filter(person_id=person_id, pk=share_id)
        row = found.first()
        if row is None:
            raise Http404
        if row.revoked_at is None:
            row.revoked_at = clock.now()
            row.save(update_fields=["revoked_at"])
            audit.record("transcript_share_revoked", by=by, subject=row)
    return row


def resolve(token: str) -> TranscriptShare:
    """The link behind a token. Raises Http404 for an unknown one, Gone for one that is over."""
    row = TranscriptShare.objects.select_related("person").filter(token_hash=codes.digest(token)).first()
    if row is None or row.person.deactivated_at is not None:
        raise Http404
    if row.revoked_at is not None:
        raise Gone("This link was ended", "Whoever sent it to you ended it. Ask them for a new one.")
    if row.expires_at <= clock.now():
        raise Gone("This link is over", "It worked until a day. Ask whoever sent it to you for a new one.")
    return row


def of_person(person_id: int) -> list[Link]:
    """A person's links, the newest first, with how often each was opened. Two queries."""
    rows = list(TranscriptShare.objects.filter(person_id=person_id)[:100])
    notes = SeenNote.objects.filter(kind=OPENED, subject_type=TranscriptShare._meta.label_lower, subject_id__in=[r.pk for r in rows])  # fmt: skip
    seen = {
        pk: (n, last) for pk, n, last in notes.values_list("subject_id").annotate(Count("pk"), Max("at")).order_by()
    }
    at = clock.now()
    return [
        Link(row, Filters.of_data(row.filters), *seen.get(row.pk, (0, None)), row.revoked_at is None and row.expires_at > at)
        for row in rows
    ]  # fmt: skip
