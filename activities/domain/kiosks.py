"""A tablet at the door, locked to one session: badges, names and guests, also while the tablet is offline.

The tablet keeps what it cannot bring and brings it later, each entry with a key of its own, so that nothing counts twice
however often it is brought. Its clock may be wrong: it says its present with each delivery, and every entry's time is
set right by the difference and kept within the hours of check-in.
"""

import contextlib
import datetime as dt
import re
import uuid
from dataclasses import dataclass

import rules
from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from accounts.domain import identities, people, sign_in
from accounts.enums import IdentityKind
from accounts.models import Person
from activities.domain import attendance, checkout, registrations, roster, ways
from activities.enums import PUBLIC, CheckInWay, EntryKind, EvidenceMethod, SessionStatus
from activities.models import AttendanceEvidence, Kiosk, KioskEntry, Session, WalkIn
from common import audit, clock, codes, locks, mail
from common.actors import Actor
from common.errors import Conflict, DomainError, Gone, Invalid, NotAllowed

SYNC_LASTS = dt.timedelta(hours=24)  # after check-in closes, for a tablet that was offline
MOST_AT_ONCE = 200
# What a badge reader types: at least four letters and digits with a digit among them, and nothing else.
BADGE = re.compile(r"(?=[^\s]*\d)[A-Za-z0-9._:/+=-]{4,60}")


@dataclass(frozen=True)
class Given:
    """What a tablet brings: `value` is a badge, a person's id or an address; `at` its own time, None for now."""

    key: uuid.UUID
    kind: str
    value: str
    name: str = ""
    at: dt.datetime | None = None


def open_kiosk(*, session_id: int, by: Actor) -> tuple[Kiosk, str]:
    """A link for a tablet; its address is shown this once. Raises NotAllowed for anybody but planners and the office."""
    with transaction.atomic(durable=True):
        session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id, removed_at=None)
        if not rules.has_perm("activities.edit_plan", by, session.activity):
            raise NotAllowed("Only the planners of this activity and the CME office open a kiosk.")
        ways.require(session.activity, CheckInWay.TABLET)
        closes = attendance.window(session)[1]
        if session.status == SessionStatus.CANCELLED or closes < clock.now():
            raise Conflict("Check-in for this session is over. Mark people present in the record instead.")
        token = codes.token()
        kiosk = Kiosk.objects.create(
            session=session,
            token_hash=codes.digest(token),
            created_at=clock.now(),
            created_by=by.label,
            ends_at=closes + SYNC_LASTS,
        )
        audit.record("kiosk_opened", by=by, subject=session, new={"kiosk": kiosk.pk})
    return kiosk, settings.PORTAL_BASE_URL + reverse("activities:kiosk", args=[token])


def close_kiosk(*, session_id: int, kiosk_id: int, by: Actor) -> None:
    """The link works no more; what it recorded stays. Closing twice changes nothing."""
    with transaction.atomic(durable=True):
        kiosk = Kiosk.objects.select_for_update(of=("self",)).filter(session=session_id, pk=kiosk_id).first()
        if kiosk is None:
            raise Conflict("This kiosk is of another session.")
        if not rules.has_perm(
            "activities.edit_plan", by, Session.objects.select_related("activity").get(pk=session_id)
        ):
            raise NotAllowed("Only the planners of this activity and the CME office close a kiosk.")
        if kiosk.closed_at is None:
            kiosk.closed_at, kiosk.closed_by = clock.now(), by.label
            kiosk.save(update_fields=["closed_at", "closed_by"])
            audit.record("kiosk_closed", by=by, subject=kiosk.session, new={"kiosk": kiosk.pk})


def of_session(session: Session) -> "QuerySet[Kiosk]":
    """The kiosks of a session with how much came by each (`brought`), the newest first. One query."""
    return Kiosk.objects.filter(session=session).annotate(brought=Count("entries")).order_by("-pk")


def resolve(token: str) -> Kiosk:
    """The kiosk behind a link. Raises Http404 for an unknown one, Gone when it was closed or is over."""
    kiosk = Kiosk.objects.select_related("session__activity").filter(token_hash=codes.digest(token)).first()
    if kiosk is None:
        raise Http404
    if kiosk.closed_at is not None or kiosk.ends_at < clock.now():
        raise Gone("This kiosk is closed", "Whoever runs the session can open a new one, or find you in the list.")
    return kiosk


def names(session: Session) -> list[Person]:
    """Whom the tablet finds by name: those registered, and nobody else. One query."""
    return roster.registered(session.activity)


def like(found: list[Person], typed: str) -> list[Person]:
    """Those whose names begin like every word that was typed."""
    words = typed.replace(",", " ").casefold().split()
    return [p for p in found if words and all(_begins(p, word) for word in words)]


def is_badge(typed: str) -> bool:
    return BADGE.fullmatch(typed.strip()) is not None


def receive(*, kiosk_id: int, given: Given, tablet_now: dt.datetime | None, by: Actor) -> KioskEntry:
    """Put one entry on record, once. What cannot stand is kept with the reason; nothing is lost."""
    with transaction.atomic(durable=True):
        # Deliveries of one tablet wait for each other: two tabs, or a lost answer and its repetition.
        kiosk = locks.lock_row(Kiosk.objects.select_related("session__activity"), pk=kiosk_id)
        if kiosk.closed_at is not None or kiosk.ends_at < clock.now():
            raise Gone("This kiosk is closed", "Whoever runs the session can open a new one.")
        known = KioskEntry.objects.filter(kiosk=kiosk, key=given.key).select_related("evidence").first()
        if known is not None:
            return known
        now = clock.now()
        at, clamped = set_right(kiosk.session, given.at, tablet_now, now)
        evidence, problem = None, ""
        try:
            evidence = _record(kiosk.session, given, at, now, by)
        except DomainError as error:
            problem = str(error)[:200] or "This could not be recorded."
        return KioskEntry.objects.create(
            kiosk=kiosk, key=given.key, kind=given.kind, value=given.value[:254], name=given.name[:200], tablet_at=given.at or now,
            received_at=now, at=at, clamped=clamped, evidence=evidence, problem=problem,
        )  # fmt: skip


def set_right(
    session: Session, at: dt.datetime | None, tablet_now: dt.datetime | None, now: dt.datetime
) -> tuple[dt.datetime, bool]:
    """The time of an entry by our clock, never later than now, within the hours of check-in; and whether it was moved there."""
    right = now if at is None else min(now, at + (now - (tablet_now or at)))
    opens, closes = attendance.window(session)
    kept = min(max(right, opens), closes)
    return kept, kept != right


def _record(session: Session, given: Given, at: dt.datetime, now: dt.datetime, by: Actor) -> AttendanceEvidence:
    locks.require_transaction()
    if session.status == SessionStatus.CANCELLED or session.activity.status not in PUBLIC:
        raise Conflict("This session was cancelled.")
    ways.require(session.activity, CheckInWay.TABLET)
    if now < attendance.window(session)[0]:
        raise Conflict("Check-in is not open yet.")
    person, kind, value = _who(session, given)
    if person is not None:
        with contextlib.suppress(Conflict):  # nobody at the door is refused what they attended for want of a seat
            registrations.ensure_registered(activity=session.activity, person=person, at=now)
        if session.check_out and (back := checkout.enter_again(session, person, at, by)) is not None:
            return back
        before = attendance.first_hand(session, person, EvidenceMethod.KIOSK)
        if before is not None:
            return attendance.require_standing(before)
    # After the registration, as everywhere: a phone and a tablet at the same moment wait for each other in one order.
    if person is not None and not kind:
        identity = identities.of_person(person)
    else:
        identity = identities.identity(kind=kind, value=value)
    minutes = min(session.minutes, checkout.left_at(session, at)) if session.check_out else None
    row = attendance.put(
        session=session, identity=identity, method=EvidenceMethod.KIOSK, at=at, minutes=minutes, recorded_at=now, by=by
    )
    if person is None and given.name:
        WalkIn.objects.bulk_create(
            [WalkIn(evidence=row, name=" ".join(given.name.split())[:200])], ignore_conflicts=True
        )
    return row


def _who(session: Session, given: Given) -> tuple[Person | None, str, str]:
    """Whose an entry is if anybody's, and the identity that it stands under: kind and value, none for the person's own."""
    if given.kind == EntryKind.PERSON:
        wanted = int(given.value) if given.value.isdecimal() and len(given.value) < 19 else 0
        person = roster.with_place(session.activity).filter(pk=wanted).first()
        if person is None:
            raise Invalid("This name is not on the list any more. Write your name and e-mail as a guest.")
        return person, "", ""
    if given.kind == EntryKind.GUEST:
        value = sign_in.normalize_email(given.value)
        person = people.find_by_email(value)
        return (person, "", "") if person is not None else (None, IdentityKind.EMAIL, value)
    if given.kind == EntryKind.BADGE and is_badge(given.value):
        value = given.value.strip().upper()
        return identities.owner(kind=IdentityKind.BADGE, value=value), IdentityKind.BADGE, value
    raise Invalid("This is no badge, name or address.")


def connect_badge(*, kiosk_id: int, badge: str, email: str, by: Actor) -> Person:
    """Whose badge this is, said at the tablet; they are told by e-mail. Raises Conflict when it is somebody's already.

    Only somebody of this activity's list, whom the tablet names anyway: to any other address the answer is the same Invalid,
    so that nobody learns who has an account, and a badge found elsewhere is no way into a stranger's record.
    """
    value = badge.strip().upper()
    address = sign_in.normalize_email(email)
    with transaction.atomic(durable=True):
        kiosk = locks.lock_row(Kiosk.objects.select_related("session__activity"), pk=kiosk_id)
        if not KioskEntry.objects.filter(kiosk=kiosk, kind=EntryKind.BADGE, evidence__identity__value=value).exists():
            raise Conflict("Scan the badge first.")
        if identities.owner(kind=IdentityKind.BADGE, value=value) is not None:
            raise Conflict("This badge is connected already.")
        person = people.find_by_email(address)
        if person is None or person not in names(kiosk.session):
            raise Invalid("This address is not on the list of this activity. Add yourself as a guest with it first.")
        identities.link(person=person, kind=IdentityKind.BADGE, value=value, by=by, reason=f"said at kiosk {kiosk.pk}")
        audit.record("badge_connected", by=by, subject=person, new={"badge": value})
        if own := people.email_of(person):
            mail.send(
                "badge_connected", to=own, to_name=person.full_name, subject="A badge was added to your record",
                context={"badge": value, "person": person, "activity": kiosk.session.activity},
            )  # fmt: skip
    return person


def _begins(person: Person, word: str) -> bool:
    parts = f"{person.given_name} {person.family_name}".replace("-", " ").casefold().split()
    return any(part.startswith(word) for part in parts) or person.family_name.casefold().startswith(word)
