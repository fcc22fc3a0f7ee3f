"""Certificates in a new name: what a learner asked for after a change of name, answered by the office (law 4: never by itself)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.domain import people, profile
from accounts.models import NameChange, Person
from common import mail
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from credits.domain import certificates
from credits.enums import CertificateWhy
from credits.models import Certificate


def asked() -> QuerySet[NameChange]:
    """Changes of name whose owner wants certificates anew and that nobody answered, the oldest first."""
    rows = NameChange.objects.filter(wants_certificates=True, settled_at=None)
    return rows.select_related("person").order_by("changed_at", "pk")


@dataclass(frozen=True)
class Request:
    """A request with the certificates it is about."""

    change: NameChange
    person: Person
    certificates: tuple[Certificate, ...]

    @property
    def prints(self) -> str:
        """The name that a new version would print."""
        return self.person.name_with_degrees


def request(change: NameChange) -> Request:
    """What is to be decided: the certificates that stand and print another name than the person has today."""
    person = people.live(change.person_id)
    rows = Certificate.objects.filter(claim__person=person, status__in=certificates.LIVE).select_related(
        "claim__activity"
    )
    other = [
        r
        for r in rows.order_by("-claim__participated_on", "pk")
        if r.snapshot["facts"]["name"] != person.name_with_degrees
    ]
    return Request(change, person, tuple(other))


def answer(*, change_id: int, certificate_ids: Sequence[int], note: str, by: Actor) -> int:
    """Issue the chosen certificates anew in the name of today and tell the learner once; choosing none says no.

    How many were issued anew. Raises Conflict for one that was replaced or whose claim was withdrawn meanwhile, and then
    changes nothing.
    """
    if not by.is_office:
        raise NotAllowed("The CME office answers such requests.")
    if not note.strip():
        raise Invalid(fields={"note": "Say what you decided, in a sentence; the learner reads it."})
    chosen = sorted(set(certificate_ids))
    with transaction.atomic(durable=True):
        change = profile._settle_name_change(change_id, note=note, by=by)
        person = people.live(change.person_id)
        reason = f"Change of name, {change.old_name} to {change.new_name}: {change.reason}"
        for pk in chosen:
            old = certificates._live_locked(pk)
            if old.claim.person_id != person.pk:
                raise Conflict("One of these certificates is somebody else’s.")
            certificates._supersede(old, why=CertificateWhy.NAME, reason=reason, by=by, tell=False)
        _tell(change, person, len(chosen), note)
        return len(chosen)


def _tell(change: NameChange, person: Person, number: int, note: str) -> None:
    address = people.email_of(person)
    if not address:
        return
    heading = "Your certificates are issued in your new name" if number else "Your certificates stay as they are"
    mail.send(
        "name_change_answered", to=address, to_name=person.full_name, subject=heading, key=f"name-change:{change.pk}",
        context={
            "heading": heading, "note": note.strip(), "number": number, "name": person.name_with_degrees, "button_label": "Open my transcript",
            "button_url": settings.PORTAL_BASE_URL + reverse("credits:transcript"),
        },
    )  # fmt: skip
