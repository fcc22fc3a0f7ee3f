"""Asking for disclosures and taking them in (SII-3.1): all relationships, 24 months, any amount, nobody's filter."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import rules
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.domain import links
from accounts.enums import AddressKind, GrantPurpose
from accounts.models import LinkGrant, Person
from activities.models import Activity, ActivityRole
from common import audit, clock, locks, mail, ratelimit, rulesets, statements
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from integrity import validators
from integrity.enums import Answer, Method, Nature, Traded
from integrity.models import Company, Disclosure, DisclosureRequest, Relationship

# How long a link works: long enough for a holiday, short enough for a mailbox that changes hands.
LINK_DAYS = 30
REMINDER_PAUSE = dt.timedelta(hours=24)
NEEDS_TRADED = frozenset({Nature.STOCK})


@dataclass(frozen=True)
class Declared:
    """One relationship as written. `ended_on` is a month and year as typed; `traded` is asked for stock (SII-3.1c)."""

    company: str
    nature: str
    ended: bool = False
    ended_on: str = ""
    traded: str = ""


@dataclass(frozen=True)
class Wording:
    """What a discloser is shown and attests; `version` proves later which definition it was (SII-3.1e)."""

    definition: str
    none: str
    some: str
    months: int
    version: str


def wording() -> Wording:
    """The definition SII-E-1 and the sentences of today, verbatim."""
    definition = statements.row("SII-E-1")
    months = int(rulesets.value_on("disclosure.lookback_months"))
    version = f"{definition.code} of {definition.since}, {months} months"
    return Wording(definition.body, statements.body("SII-3.1d"), statements.body("SII-3.1-list"), months, version)


def max_age() -> dt.timedelta:
    """How long a disclosure is accepted (SII-3.1h)."""
    return dt.timedelta(days=int(rulesets.value_on("disclosure.max_age_days")))


def latest(person_id: int) -> Disclosure | None:
    """The person's last statement, whatever its age."""
    return Disclosure.objects.filter(person_id=person_id).order_by("-submitted_at", "-pk").first()


def last_asked(person_id: int) -> dt.datetime | None:
    """When the person was last asked, for any activity."""
    return (
        DisclosureRequest.objects.filter(person_id=person_id)
        .order_by("-asked_at")
        .values_list("asked_at", flat=True)
        .first()
    )


def still_asked(disclosure: Disclosure) -> list[Relationship]:
    """What to read back on "Is this still true?": all but what ended before the look-back began."""
    months = int(rulesets.value_on("disclosure.lookback_months"))
    today = clock.now().date().replace(day=1)

    def within(row: Relationship) -> bool:
        if not row.ended:
            return True
        end = validators.month(row.ended_on) or disclosure.submitted_at.date()
        return validators.months_later(end, months) >= today

    return [row for row in disclosure.relationships.select_related("company") if within(row)]


# --- asking ----------------------------------------------------------------------------------------


def ask_for_role(*, role: ActivityRole, by: Actor) -> None:
    """Ask the holder of a role that controls content, once per activity, in the caller's transaction (SII-3.0, 3.1).

    Somebody whose disclosure is still valid counts as disclosed and is asked all the same: is it still true?
    """
    locks.require_transaction()
    if not role.controls_content:
        return
    request, made = DisclosureRequest.objects.get_or_create(
        activity_id=role.activity_id, person_id=role.person_id, defaults={"asked_at": clock.now(), "asked_by": by.label}
    )
    if made:
        _send_link(role.person, role.activity, "disclosure_request", by=by)
        audit.record("disclosure_asked", by=by, subject=request, new={"activity": role.activity.number})
    elif _came_back(request, role) and _may_have_link(role.activity_id, role.person_id):
        _send_link(role.person, role.activity, "disclosure_request", by=by)


def _came_back(request: DisclosureRequest, role: ActivityRole) -> bool:
    """Asked before, not answered, and without a link: it was taken back with the part they had."""
    live = links.is_live(person_id=role.person_id, purpose=GrantPurpose.DISCLOSURE, obj=role.activity)
    return not live and not _answered(request)


def take_links_back(*, role: ActivityRole, by: Actor) -> None:
    """The links of somebody whose last part in control of content has ended, in the transaction that ends it."""
    locks.require_transaction()
    if not is_needed(role.activity_id, role.person_id):
        links.revoke_all(person_id=role.person_id, purpose=GrantPurpose.DISCLOSURE, obj=role.activity, by=by)


def is_needed(activity_id: int, person_id: int) -> bool:
    """Whether the person controls content of the activity, so that their disclosure is asked for."""
    return _controlling(activity_id, person_id).exists()


def remind(*, activity_id: int, person_id: int, by: Actor) -> DisclosureRequest:
    """Send a fresh link to somebody who has not answered; at most one reminder a day.

    Raises NotAllowed for others than the planners and the office, Conflict when there is nothing to remind of.
    """
    with transaction.atomic(durable=True):
        if not rules.has_perm("integrity.remind", by, Activity.objects.get(pk=activity_id)):
            raise NotAllowed("The planners of this activity and the CME office can send reminders.")
        role = _in_control(activity_id, person_id)
        at, name = clock.now(), role.person.display_name
        made, _new = DisclosureRequest.objects.get_or_create(
            activity_id=activity_id, person_id=person_id, defaults={"asked_at": at, "asked_by": by.label}
        )
        request = locks.lock_row(DisclosureRequest.objects.all(), pk=made.pk)
        if _answered(request):
            raise Conflict(f"{name} has answered already.")
        if request.reminded_at and at - request.reminded_at < REMINDER_PAUSE:
            raise Conflict(f"{name} was reminded less than a day ago.")
        if not _send_link(role.person, role.activity, "disclosure_reminder", by=by):
            raise Conflict(f"No e-mail address of {name} is on file. Add one, then send the reminder.")
        request.reminded_at = at
        request.save(update_fields=["reminded_at"])
        audit.record("disclosure_reminded", by=by, subject=request)
    return request


def renew_link(*, grant_id: int, by: Actor) -> None:
    """Send a new link to the person's own address, never to one that was typed. Raises Conflict when that is no use."""
    with transaction.atomic(durable=True):
        grant = LinkGrant.objects.select_related("person").get(pk=grant_id, purpose=GrantPurpose.DISCLOSURE)
        role = _in_control(grant.object_id, grant.person_id)
        if not _may_have_link(grant.object_id, grant.person_id):
            raise Conflict("A new link is on its way already.", "Look in your mail, also in the folder for junk.")
        _send_link(role.person, role.activity, "disclosure_link", by=by)


def _answered(request: DisclosureRequest) -> bool:
    """Whether a statement that is still accepted came in since the last time of asking."""
    last = latest(request.person_id)
    asked = request.reminded_at or request.asked_at
    return last is not None and last.submitted_at >= asked and clock.now() - last.submitted_at <= max_age()


def _may_have_link(activity_id: int, person_id: int) -> bool:
    return ratelimit.hit("disclosure_link", f"{activity_id}:{person_id}", limit=3, per=dt.timedelta(hours=1))


def _controlling(activity_id: int, person_id: int) -> "QuerySet[ActivityRole]":
    return ActivityRole.objects.filter(
        activity_id=activity_id, person_id=person_id, controls_content=True, removed_at=None
    )


def _in_control(activity_id: int, person_id: int) -> ActivityRole:
    found = _controlling(activity_id, person_id).select_related("person", "activity").first()
    if found is None:
        raise Conflict("This activity no longer needs this disclosure.", "The CME office can say more.")
    return found


def _send_link(person: Person, activity: Activity, template: str, *, by: Actor) -> bool:
    """Grant a link and mail it; False when no address is known."""
    rows = person.addresses.filter(kind=AddressKind.EMAIL, removed_at=None).order_by("-is_primary", "pk")
    address = rows.values_list("value", flat=True).first()
    if address is None:
        return False
    grant, token = links.make(person=person, purpose=GrantPurpose.DISCLOSURE, obj=activity, by=by, days=LINK_DAYS)
    earlier = latest(person.pk)
    subjects = {
        "disclosure_request": "Is your disclosure still true? {title}"
        if earlier
        else "Two minutes before you take part: {title}",
        "disclosure_reminder": "Your disclosure is still open: {title}",
        "disclosure_link": "A new link for your disclosure: {title}",
    }
    context = {
        "name": person.display_name, "activity": activity, "earlier": earlier, "asked_by": by.label, "until": grant.expires_at,
        "button_label": "Open your disclosure", "button_url": settings.PORTAL_BASE_URL + reverse("integrity:disclosure_by_link", args=[token]),
    }  # fmt: skip
    subject = subjects[template].format(title=activity.title)
    mail.send(
        template,
        to=address,
        to_name=person.full_name,
        subject=subject,
        context=context,
        key=f"disclosure-link:{grant.pk}",
    )
    return True


# --- answering -------------------------------------------------------------------------------------


def submit(
    *, person_id: int, answer: str, relationships: Sequence[Declared], attested_name: str, method: str, by: Actor
) -> Disclosure:
    """Keep a statement for good: who, what, when, how, under which definition (SII-3.1 to 3.1e).

    A person speaks for themselves; the office writes down what another person said (method "verbal").
    Raises NotAllowed, and Invalid when something is missing or contradicts itself.
    """
    with transaction.atomic(durable=True):
        person = locks.lock_row(Person.objects.all(), pk=person_id)
        own = by.person_id == person_id
        if own == (method == Method.VERBAL) or not (own or by.is_office):
            raise NotAllowed("A disclosure is given by the person, or told to the CME office.")
        disclosure = _write(person, answer, relationships, attested_name, method, at=clock.now())
        if by.grant_id is not None:
            links.note_use(by.grant_id)
        audit.record(
            "disclosure_submitted",
            by=by,
            subject=disclosure,
            new={"answer": answer, "relationships": len(relationships)},
        )
    return disclosure


def _write(
    person: Person, answer: str, declared: Sequence[Declared], attested_name: str, method: str, *, at: dt.datetime
) -> Disclosure:
    """The rows of one statement, checked; also for loaders, which say when it was given."""
    locks.require_transaction()
    if answer not in Answer.values:
        raise Invalid(fields={"answer": "Choose one of the two answers."})
    if (answer == Answer.SOME) != bool(declared):
        # SII-3.1d: "none" is a sentence somebody chose, never an empty table.
        raise Invalid(fields={"answer": "Name the companies, or say that there were none."})
    if not attested_name.strip():
        raise Invalid(fields={"attested_name": "Write your name; it is your signature."})
    words = wording()
    disclosure = Disclosure.objects.create(
        person=person, answer=answer, method=method, definition_shown=words.version, submitted_at=at,
        statement=words.none if answer == Answer.NONE else words.some, attested_name=" ".join(attested_name.split()),
    )  # fmt: skip
    Relationship.objects.bulk_create([_row(disclosure, item, at) for item in declared])
    return disclosure


def _row(disclosure: Disclosure, item: Declared, at: dt.datetime) -> Relationship:
    try:
        name = validators.company_name(item.company)
    except ValidationError as error:
        raise Invalid(*error.messages) from error
    if item.nature not in Nature.values:
        raise Invalid(f"Say what the relationship with {name} is.")
    if item.nature in NEEDS_TRADED and item.traded not in Traded.values:
        raise Invalid(
            f"Say whether {name} is privately held; stock in a private company counts as ownership (SII-3.2a)."
        )
    company, _made = Company.objects.get_or_create(name__iexact=name, defaults={"name": name, "created_at": at})
    return Relationship(
        disclosure=disclosure, company=company, nature=item.nature, ended=item.ended,
        ended_on=item.ended_on.strip()[:40] if item.ended else "", traded=item.traded if item.nature in NEEDS_TRADED else "",
    )  # fmt: skip
