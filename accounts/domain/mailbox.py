"""A lost mailbox (decision 38): the request of somebody who cannot sign in, and the office's answer to it.

The request says nothing of who is known here: it is taken down the same way for every name and address. Only somebody
of the office, who has made sure of the person outside the portal, lets another address sign in; the mailbox before is
told, and the new one is still to be proved by a code.
"""

import datetime as dt

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain import people, sign_in
from accounts.enums import AddressKind, MailboxOutcome
from accounts.models import MailboxRequest, OfficeRole, Person, PersonAddress, Provider, User
from common import audit, clock, locks, mail, ratelimit
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

PER_ADDRESS, ALL_TOGETHER = 3, 100
PER_DAY, PER_HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
SUGGESTIONS = 8


def ask(*, name: str, old_email: str, new_email: str, text: str) -> MailboxRequest:
    """Take the request down and tell the office. Raises Invalid for what is no address, Conflict after too many."""
    try:
        new, old = sign_in.normalize_email(new_email), people.normalize_email(old_email)
    except Invalid as error:
        raise Invalid(fields={"new_email": str(error)}) from None
    within = ratelimit.hit("mailbox", new, limit=PER_ADDRESS, per=PER_DAY) and ratelimit.hit(
        "mailbox_all", "", limit=ALL_TOGETHER, per=PER_HOUR
    )
    provider = Provider.current()
    if not within:
        raise Conflict(
            _("Your request is with the CME office already. Call %(phone)s, or write to %(email)s.")
            % {"phone": provider.office_phone, "email": provider.office_email}
        )
    with transaction.atomic(durable=True):
        row = MailboxRequest.objects.create(
            name=" ".join(name.split()), old_email=old, new_email=new, text=text.strip(), created_at=clock.now()
        )
        facts = [
            (_("Name"), row.name),
            (_("Lost address"), old),
            (_("New address"), new),
            (_("What they write"), row.text),
        ]
        mail.send(
            "mailbox_request", to=provider.office_email, to_name=provider.office_name,
            subject=_("Lost mailbox: %(name)s") % {"name": row.name},
            context={
                "facts": [f for f in facts if f[1]], "button_label": _("Open the request"),
                "button_url": settings.PORTAL_BASE_URL + reverse("admin:accounts_mailboxrequest_change", args=[row.pk]),
            },
        )  # fmt: skip
    return row


def open_requests() -> int:
    """How many wait for the office."""
    return MailboxRequest.objects.filter(settled_at=None).count()


def candidates(request: MailboxRequest) -> QuerySet[Person]:
    """Whom it may be from: who had the lost address at any time, and who has this name."""
    words = [w for w in request.name.replace(",", " ").split() if len(w) > 1]
    named = Q()
    for word in words[-1:]:
        named |= (
            Q(family_name__icontains=word, given_name__icontains=words[0])
            if len(words) > 1
            else Q(family_name__iexact=word)
        )
    had = Q(addresses__value=request.old_email) if request.old_email else Q()
    asked = named | had
    if not asked:
        return Person.objects.none()
    found = Person.objects.filter(asked, deactivated_at=None).distinct().order_by("family_name", "given_name", "pk")
    return found[:SUGGESTIONS]


def give(*, request_id: int, person_id: int, old_is_lost: bool, note: str, by: Actor) -> MailboxRequest:
    """Let a person sign in with the new address, once they prove it by a code; every mailbox they had is told.

    With `old_is_lost` the addresses before are taken off, so that whoever reads them now cannot sign in. Raises
    NotAllowed for one's own request and, but for the director, for somebody with an office role; Conflict when the
    address stands in another record.
    """
    _require(by, note)
    with transaction.atomic(durable=True):
        row = _lock(request_id)
        locks.lock_key("identity", row.new_email)
        person = people.hold(person_id)
        _require_may_give(person, row, by)
        before = list(person.addresses.filter(kind=AddressKind.EMAIL, removed_at=None).exclude(value=row.new_email))
        address = person.addresses.filter(kind=AddressKind.EMAIL, value=row.new_email, removed_at=None).first()
        if address is None:
            address = PersonAddress.objects.create(
                person=person, kind=AddressKind.EMAIL, value=row.new_email, created_at=clock.now()
            )
        if old_is_lost:
            _take_off(person, before, address)
        _settle(row, MailboxOutcome.GIVEN, note, by, person)
        audit.record(
            "mailbox_given",
            by=by,
            subject=person,
            new={"email": row.new_email, "old_is_lost": old_is_lost},
            reason=note.strip(),
        )
        _tell(person, row, [a.value for a in before])
    return row


def decline(*, request_id: int, note: str, by: Actor) -> MailboxRequest:
    """The office could not make sure; the new address is told to call, and learns nothing else."""
    _require(by, note)
    with transaction.atomic(durable=True):
        row = _lock(request_id)
        _settle(row, MailboxOutcome.DECLINED, note, by, None)
        audit.record("mailbox_declined", by=by, subject=row, reason=note.strip())
        mail.send(
            "mailbox_declined",
            to=row.new_email,
            to_name=row.name,
            subject=_("About your lost mailbox"),
            context={"name": row.name},
        )
    return row


def _require(by: Actor, note: str) -> None:
    if not by.is_office:
        raise NotAllowed("The CME office answers these requests.")
    if not note.strip():
        raise Invalid(fields={"note": "Say what you did to make sure, in a sentence."})


def _lock(request_id: int) -> MailboxRequest:
    row = locks.lock_row(MailboxRequest.objects.all(), pk=request_id)
    if row.settled_at is not None:
        raise Conflict("This request was answered already.")
    return row


def _require_may_give(person: Person, row: MailboxRequest, by: Actor) -> None:
    if person.pk == by.person_id:
        raise NotAllowed("Nobody answers their own request. Ask a colleague.")
    if person.deactivated_at is not None:
        raise Conflict(f"The account of {person.full_name} is closed. Open it again first.")
    if OfficeRole.objects.filter(person=person, revoked_at=None).exists() and not by.is_director:
        raise NotAllowed(f"{person.full_name} holds an office role, so only the director gives them another address.")
    owner = people.find_by_email(row.new_email)
    known = EmailAddress.objects.filter(email=row.new_email).exclude(user__person=person)
    if (owner is not None and owner.pk != person.pk) or known.exists() or people.closed_by_email(row.new_email):
        raise Conflict(
            "This address stands in another record already. If both are the same person, join the two records."
        )


def _take_off(person: Person, before: list[PersonAddress], address: PersonAddress) -> None:
    """The addresses before sign in no more; the new one is the main one."""
    at = clock.now()
    for old in before:
        old.removed_at, old.is_primary = at, False
        old.save(update_fields=["removed_at", "is_primary"])
    EmailAddress.objects.filter(user__person=person).exclude(email=address.value).delete()
    address.is_primary = True
    address.save(update_fields=["is_primary"])
    user = User.objects.filter(person=person).first()
    if user is not None and user.email != address.value:
        if User.objects.filter(email=address.value).exists():
            raise Conflict(
                "This address stands in another record already. If both are the same person, join the two records."
            )
        user.email = address.value
        user.save(update_fields=["email"])


def _settle(row: MailboxRequest, outcome: MailboxOutcome, note: str, by: Actor, person: Person | None) -> None:
    row.outcome, row.note, row.person = outcome, note.strip(), person
    row.settled_at, row.settled_by = clock.now(), by.label
    row.save(update_fields=["outcome", "note", "person", "settled_at", "settled_by"])


def _tell(person: Person, row: MailboxRequest, before: list[str]) -> None:
    """The new mailbox is invited; the old ones hear of it, whoever reads them."""
    url = settings.PORTAL_BASE_URL + reverse("accounts:sign_in")
    mail.send(
        "mailbox_given", to=row.new_email, to_name=person.full_name, subject=_("You can sign in with this address"),
        context={"person": person, "button_url": url, "button_label": _("Sign in")},
    )  # fmt: skip
    for value in before:
        mail.send(
            "mailbox_told", to=value, to_name=person.full_name, subject=_("Another address was added to your account"),
            context={"person": person, "new": row.new_email},
        )  # fmt: skip
