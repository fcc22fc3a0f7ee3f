"""Identity: how evidence named somebody. Links to a person are versions; evidence never changes (decision 4)."""

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import Q

from accounts.enums import IdentityKind
from accounts.models.person import Person
from common.models import append_only


class Identity(models.Model):
    """One way in which somebody was named: an address, a phone, a licence, a name. PII: that value, six years."""

    kind = models.CharField(max_length=10, choices=IdentityKind.choices)
    value = models.CharField(max_length=254)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="identity_once")]
        triggers = [append_only("identity")]
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class IdentityLink(models.Model):
    """Whose identity it was believed to be, from when to when. PII: ids only."""

    identity = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="links")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identity_links")
    linked_at = models.DateTimeField()
    linked_by = models.CharField(max_length=250)
    reason = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identity"], condition=Q(ended_at=None), name="identity_one_live_link"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="identitylink_ended_coherent", violation_error_message="An ended link names who ended it.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["person"], condition=Q(ended_at=None), name="identity_live_of_person")]

    def __str__(self) -> str:
        return f"{self.identity_id} → {self.person_id}"


class LedgerQuerySet(models.QuerySet[Any]):
    """Rows of an evidence ledger: each names an identity, and a correction supersedes it (law 1)."""

    def of(self, person: Any) -> Self:
        """Rows whose identity is this person's now; `person` is a row, an id or an expression."""
        return self.filter(identity__links__person=person, identity__links__ended_at=None)

    def of_any(self, person_ids: Collection[int]) -> Self:
        """Rows whose identity is now one of these people's."""
        return self.filter(identity__links__person__in=person_ids, identity__links__ended_at=None)

    def standing(self) -> Self:
        """What the ledger says now: neither superseded nor taken back."""
        return self.filter(superseded_by=None, withdrawn=False)
