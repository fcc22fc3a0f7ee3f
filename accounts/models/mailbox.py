"""Somebody cannot read their mailbox any more and asks the office to be found under another address."""

from django.db import models
from django.db.models import Q

from accounts.enums import MailboxOutcome
from accounts.models.person import Person


class MailboxRequest(models.Model):
    """One request, as it was written by somebody who could not sign in. PII: name, addresses, what they told; six years."""

    name = models.CharField(max_length=250)
    old_email = models.CharField(max_length=254, blank=True)
    new_email = models.CharField(max_length=254)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="mailbox_requests")
    outcome = models.CharField(max_length=10, choices=MailboxOutcome.choices, blank=True)
    note = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=250, blank=True)

    class Meta:
        verbose_name = "lost mailbox"
        verbose_name_plural = "lost mailboxes"
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by="", outcome="", person=None)
                | (Q(settled_at__isnull=False) & ~Q(settled_by="") & ~Q(outcome="") & ~Q(note="")),
                name="mailbox_settled_coherent", violation_error_message="A settled request says by whom, how and why.",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="given") | Q(person__isnull=False),
                name="mailbox_given_coherent", violation_error_message="An address is given to somebody.",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["created_at"], condition=Q(settled_at=None), name="mailbox_open")]

    def __str__(self) -> str:
        return f"{self.name}, {self.new_email}"
