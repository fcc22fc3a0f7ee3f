"""Links that do one job for one person (design section 9): 256 random bits, stored hashed, expiring, revocable."""

import datetime as dt
import hashlib
import secrets

from django.db import models, transaction
from django.http import Http404

from accounts.models import LinkGrant, Person
from common import audit, clock, locks
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
    token = secrets.token_urlsafe(32)
    at = clock.now()
    grant = LinkGrant.objects.create(
        token_hash=_hash(token), person=person, purpose=purpose, object_type=obj._meta.label_lower, object_id=obj.pk,
        created_at=at, created_by=by.label, expires_at=at + dt.timedelta(days=days),
    )  # fmt: skip
    return grant, token


def resolve(token: str, purpose: str) -> LinkGrant:
    """The live grant behind a token. Raises Http404 for an unknown one or another purpose, LinkGone when it is over."""
    grant = LinkGrant.objects.select_related("person").filter(token_hash=_hash(token), purpose=purpose).first()
    if grant is None or grant.person.deactivated_at is not None:
        raise Http404
    if grant.revoked_at is not None:
        raise LinkGone(
            grant, "This link was taken back", "A newer one may be in your mail. You can have one sent again."
        )
    if grant.expires_at <= clock.now():
        raise LinkGone(grant, "This link is over", "Links work for a limited time. You can have a new one sent.")
    return grant


def note_use(grant_id: int) -> None:
    """Remember that the link was acted on: on POST only, because scanners open links too (decision 17)."""
    locks.require_transaction()
    LinkGrant.objects.filter(pk=grant_id).update(last_used_at=clock.now())


def revoke(*, grant_id: int, by: Actor) -> LinkGrant:
    """Take a link back at once. Revoking twice changes nothing."""
    with transaction.atomic(durable=True):
        grant = locks.lock_row(LinkGrant.objects.all(), pk=grant_id)
        if grant.revoked_at is None:
            grant.revoked_at = clock.now()
            grant.save(update_fields=["revoked_at"])
            audit.record("link_revoked", by=by, subject=grant)
    return grant


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
