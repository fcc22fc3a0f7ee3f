"""Links that do one job for one person (design section 9): 256 random bits, stored hashed, expiring, revocable."""

import datetime as dt

from django.db import models, transaction
from django.http import Http404

from accounts.models import LinkGrant, Person
from common import audit, clock, codes, locks
from common.actors import Actor
from common.errors import DomainError


class LinkGone(DomainError):
    """The link was real and is over. `grant` says whose it was, so that the page can offer a new one."""

    status = 410

    def __init__(self, grant: LinkGrant, *messages: str) -> None:
        super().__init__(*messages)
        self.grant = grant


def make(*, person: Person, purpose: str, obj: models.Model, by: Actor, days: int) -> tuple[LinkGrant, str]:
    """Grant a link for `days` days in the caller's transaction. Returns it with its token, which is kept nowhere else."""
    locks.require_transaction()
    token = codes.token()
    at = clock.now()
    grant = LinkGrant.objects.create(
        token_hash=codes.digest(token), person=person, purpose=purpose, object_type=obj._meta.label_lower, object_id=obj.pk,
        created_at=at, created_by=by.label, expires_at=at + dt.timedelta(days=days),
    )  # fmt: skip
    return grant, token


def resolve(token: str, purpose: str) -> LinkGrant:
    """The live grant behind a token. Raises Http404 for an unknown one or another purpose, LinkGone when it is over."""
    grant = LinkGrant.objects.select_related("person").filter(token_hash=codes.digest(token), purpose=purpose).first()
    if grant is None or grant.person.deactivated_at is not None:
        raise Http404
    if grant.revoked_at is not None:
        raise _taken_back(grant)
    if grant.expires_at <= clock.now():
        raise LinkGone(grant, "This link is over", "Links work for a limited time. You can have a new one sent.")
    return grant


def note_use(grant_id: int) -> None:
    """Remember that the link was acted on: on POST only, because scanners open links too (decision 17).

    Raises LinkGone when it was taken back while its page stood open; whoever takes it back meanwhile waits.
    """
    locks.require_transaction()
    if not LinkGrant.objects.filter(pk=grant_id, revoked_at=None).update(last_used_at=clock.now()):
        raise _taken_back(LinkGrant.objects.get(pk=grant_id))


def is_live(*, person_id: int, purpose: str, obj: models.Model) -> bool:
    """Whether the person holds a link to this object that works now."""
    return _of(person_id, purpose, obj).filter(expires_at__gt=clock.now()).exists()


def revoke_all(*, person_id: int, purpose: str, obj: models.Model, by: Actor) -> int:
    """Take back every link that a person holds to an object, in the caller's transaction. Returns how many."""
    locks.require_transaction()
    rows = list(_of(person_id, purpose, obj).select_for_update().order_by("pk"))
    for grant in rows:
        _revoke(grant, by)
    return len(rows)


def revoke(*, grant_id: int, by: Actor) -> LinkGrant:
    """Take a link back at once. Revoking twice changes nothing."""
    with transaction.atomic(durable=True):
        grant = locks.lock_row(LinkGrant.objects.all(), pk=grant_id)
        if grant.revoked_at is None:
            _revoke(grant, by)
    return grant


def _revoke(grant: LinkGrant, by: Actor) -> None:
    grant.revoked_at = clock.now()
    grant.save(update_fields=["revoked_at"])
    audit.record("link_revoked", by=by, subject=grant)


def _of(person_id: int, purpose: str, obj: models.Model) -> "models.QuerySet[LinkGrant]":
    return LinkGrant.objects.filter(
        person_id=person_id, purpose=purpose, object_type=obj._meta.label_lower, object_id=obj.pk, revoked_at=None
    )


def _taken_back(grant: LinkGrant) -> LinkGone:
    return LinkGone(grant, "This link was taken back", "A newer one may be in your mail. You can have one sent again.")
