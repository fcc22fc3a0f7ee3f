""" "Why don't I have this credit?": one session, one person, every condition, and the one button that helps.

The conditions are those of `eligibility`, in the order in which a person meets them; the page says the first that
stands in the way. Learner, coordinator and office read the same answer.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.enums import AddressKind, IdentityKind
from accounts.models import IdentityLink, Person, PersonAddress
from activities.enums import CLAIMABLE, PUBLIC, EvidenceMethod, SlotKind
from activities.models import AttendanceEvidence, ImportRow, Session
from common import clock
from common.templatetags.cme import local, local_date
from credits import eligibility
from credits.domain import attesting, facts, requests
from credits.entitlement import Facts, SessionFacts
from credits.enums import RequestStatus
from credits.models import ClaimLine, ClaimRequest, Designation

State = Literal["ok", "warn", "idle"]
Code = Literal[
    "claimed", "cancelled", "not_open", "not_designated", "profession", "not_yet", "other_account", "waiting_name", "no_evidence",
    "may_state", "asked", "refused", "closed", "closed_no_allowance", "final", "evaluation", "claimable",
]  # fmt: skip
Act = Literal["", "link", "ask", "ask_attendance"]
PICK_DAYS, PICK_MOST = 400, 30
NOT_SEEN: tuple[Code, ...] = ("other_account", "waiting_name", "no_evidence", "may_state", "refused")


@dataclass(frozen=True)
class Check:
    """One condition: `state` "idle" waits for one before it."""

    state: State
    title: str
    value: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """What stands in the way, and what helps: a link, or a POST that asks."""

    code: Code
    title: str
    text: str
    act: Act = ""
    label: str = ""
    url: str = ""
    fact: str = ""


@dataclass(frozen=True)
class Diagnosis:
    session: Session
    answer: Answer
    checks: tuple[Check, ...]
    request: ClaimRequest | None
    claim_id: int | None


@dataclass(frozen=True)
class _Case:
    """What was looked up, once; everything below only reads it."""

    person: Person
    session: Session
    known: Facts
    mine: SessionFacts | None
    verdict: str
    designations: tuple[Designation, ...]
    line: ClaimLine | None
    request: ClaimRequest | None
    limits: requests.Policy
    looked_for: tuple[int, int]
    elsewhere: str
    waiting_name: str
    may_state: bool

    @property
    def zone(self) -> str:
        return self.session.activity.zone

    @property
    def in_time(self) -> bool:
        return self.mine is not None and self.known.now <= self.known.accepts_until(self.mine)


def diagnose(person: Person, session: Session) -> Diagnosis:
    """Why this person has no credit for this session. A constant number of queries."""
    case = _look(person, session)
    return Diagnosis(session, _answer(case), _checks(case), case.request, case.line.claim_id if case.line else None)


def to_pick(person: Person, query: str) -> Sequence[Session]:
    """Sessions somebody may miss credit for: those they registered for or were seen at, newest first; searched, any that was open."""
    at = clock.now()
    found = Session.objects.filter(
        removed_at=None, kind=SlotKind.EDUCATION, starts_at__lte=at + dt.timedelta(hours=1), starts_at__gte=at - dt.timedelta(days=PICK_DAYS),
        activity__status__in=[*PUBLIC, *CLAIMABLE],
    ).select_related("activity")  # fmt: skip
    if query:
        for word in query.split()[:6]:
            found = found.filter(
                Q(title__icontains=word) | Q(activity__title__icontains=word) | Q(activity__number=word)
            )
    else:
        seen = AttendanceEvidence.objects.of(person).filter(session=OuterRef("pk"))
        claimed = ClaimLine.objects.filter(session=OuterRef("pk"), person=person, voided_at=None)
        mine = Q(Exists(seen)) | Q(activity__registrations__person=person, activity__registrations__cancelled_at=None)
        found = found.filter(mine).exclude(Exists(claimed))
    return list(found.distinct().order_by("-starts_at", "pk")[:PICK_MOST])


def people_to_pick(of_activity: QuerySet[Person], session: Session, query: str) -> Sequence[Person]:
    """Of an activity's people those without credit for a session, or anybody of a name; `seen` says who is on its record. One query."""
    claimed = ClaimLine.objects.filter(session=session, person=OuterRef("pk"), voided_at=None)
    seen = AttendanceEvidence.objects.of(OuterRef("pk")).standing().filter(session=session)
    found = of_activity.annotate(seen=Exists(seen), has_credit=Exists(claimed))
    for word in query.split()[:4]:
        found = found.filter(Q(family_name__icontains=word) | Q(given_name__icontains=word))
    rows = found if query else found.filter(has_credit=False)
    return list(rows.order_by("-seen", "family_name", "given_name", "pk")[:PICK_MOST])


def _look(person: Person, session: Session) -> _Case:
    known = facts.load(person, session.activity)
    mine = next((s for s in known.sessions if s.id == session.pk), None)
    verdict = eligibility.verdict(known, mine).verdict if mine else "not_covered"
    live = tuple(
        Designation.objects.filter(activity=session.activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    line = ClaimLine.objects.filter(person=person, session=session, voided_at=None).select_related("claim").first()
    request = ClaimRequest.objects.filter(person=person, session=session).order_by("-pk").first()
    counted = PersonAddress.objects.filter(person=person, removed_at=None).aggregate(
        emails=Count("pk", filter=Q(kind=AddressKind.EMAIL)), phones=Count("pk", filter=Q(kind=AddressKind.PHONE))
    )
    seen = bool(mine and mine.evidence)
    return _Case(
        person=person, session=session, known=known, mine=mine, verdict=verdict, designations=live, line=line, request=request,
        limits=requests.policy(person.pk, session, session.activity.zone), looked_for=(counted["emails"], counted["phones"]),
        elsewhere="" if seen else _elsewhere(person, session), waiting_name="" if seen else _waiting(person, session),
        may_state=session.pk in attesting.offered(person, session.activity, known),
    )  # fmt: skip


def _elsewhere(person: Person, session: Session) -> str:
    """A masked address under which somebody of the same name was seen there: of a second account, or of nobody yet."""
    seen = IdentityLink.objects.filter(
        ended_at=None, identity__kind=IdentityKind.EMAIL, identity__evidence__session=session, identity__evidence__superseded_by=None,
        identity__evidence__withdrawn=False, person__family_name__iexact=person.family_name, person__given_name__iexact=person.given_name,
        person__deactivated_at=None,
    ).exclude(person=person)  # fmt: skip
    value = seen.values_list("identity__value", flat=True).first() or _unowned(person, session)
    return masked(value) if value else ""


def _unowned(person: Person, session: Session) -> str:
    """An address or phone that is nobody's yet and came with this person's name: at the door, or in a list. Two queries."""
    rows = AttendanceEvidence.objects.standing().filter(
        session=session, identity__kind__in=[IdentityKind.EMAIL, IdentityKind.PHONE]
    )
    rows = rows.exclude(identity__links__ended_at=None, identity__links__isnull=False)
    named = {
        pk: (value, name) for pk, value, name in rows.values_list("identity", "identity__value", "walk_in__name")[:200]
    }
    unnamed = [pk for pk, (_value, name) in named.items() if not name]
    listed = ImportRow.objects.filter(batch__activity=session.activity_id, identity__in=unnamed).values_list(
        "identity", "name"
    )
    names = {pk: name for pk, (_value, name) in named.items() if name} | (dict(listed) if unnamed else {})
    return next((named[pk][0] for pk, name in names.items() if _reads_like(name, person)), "")


def _reads_like(name: str, person: Person) -> bool:
    """ "Ruiz, Ana" and "A. Ruiz" read like Ana Ruiz."""
    words = name.casefold().replace(",", " ").replace(".", " ").split()
    first, family = person.given_name[:1].casefold(), person.family_name.casefold().split()
    rest = [word for word in words if word not in family]
    return all(part in words for part in family) and (not first or any(word.startswith(first) for word in rest))


def _waiting(person: Person, session: Session) -> str:
    """A name on a list that nobody owns yet and that reads like this person's."""
    rows = AttendanceEvidence.objects.filter(
        session=session, superseded_by=None, withdrawn=False, identity__kind=IdentityKind.NAME, identity__value__icontains=person.family_name
    ).exclude(identity__links__ended_at=None, identity__links__isnull=False)  # fmt: skip
    values = rows.values_list("identity__value", flat=True)[:20]
    return next((str(value) for value in values if _reads_like(value, person)), "")


def masked(address: str) -> str:
    """ "r…@g….org", "phone ending 7719": enough to recognise one's own, nothing to learn another's."""
    name, at, host = address.partition("@")
    if not at:
        return _("phone ending %(digits)s") % {"digits": address[-4:]}
    return f"{name[:1]}…@{host[:1]}….{host.rsplit('.', 1)[-1]}"


# --- what we checked -----------------------------------------------------------------------------------


def _checks(case: _Case) -> tuple[Check, ...]:
    return (_approved(case), _profession(case), _seen(case), _evaluated(case), _in_time(case))


def _approved(case: _Case) -> Check:
    title = _("The session was approved for credit")
    if not case.designations:
        return Check("warn", title, _("no"))
    first = case.designations[0]
    return Check("ok", title, f"{first.maximum:.2f}")


def _profession(case: _Case) -> Check:
    title = _("Your profession can claim it")
    if not case.designations:
        return Check("idle", title, _("after that"))
    word = case.person.degrees or case.person.get_profession_display() or _("none given")
    if not case.known.credits:
        return Check(
            "warn",
            title,
            word,
            _(
                "What was designated is for other professions. Correct your degree or profession in your profile if it is out of date."
            ),
        )
    return Check("ok", title, word)


def _seen(case: _Case) -> Check:
    title = _("A check-in under your name")
    if case.mine is not None and case.mine.evidence:
        minutes = eligibility.supported_minutes(case.mine)
        alone = all(row.method == EvidenceMethod.SELF for row in case.mine.evidence)
        return Check(
            "ok", title, ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes},
            _("By their own statement; nobody else recorded it.") if alone else "",
        )  # fmt: skip
    emails, phones = case.looked_for
    looked = ngettext("Looked for %(n)d e-mail address", "Looked for %(n)d e-mail addresses", emails) % {"n": emails}
    looked += ngettext(
        ", %(n)d phone and the lists of the room.", ", %(n)d phones and the lists of the room.", phones
    ) % {"n": phones}
    return Check("warn", title, _("none found"), looked)


def _evaluated(case: _Case) -> Check:
    title = _("Evaluation")
    if not case.known.evaluation_required:
        return Check("ok", title, _("not asked for"))
    if case.known.evaluation_done:
        return Check("ok", title, _("done"))
    if not (case.mine and case.mine.evidence):
        return Check("idle", title, _("after that"))
    return Check("warn", title, _("open"))


def _in_time(case: _Case) -> Check:
    title = _("Still in time")
    if case.mine is None:
        return Check("idle", title)
    opens, closes = case.known.opens_at(case.mine), case.known.closes_at(case.mine)
    if case.known.now < opens:
        return Check("idle", title, _("opens %(at)s") % {"at": local(opens, case.zone)})
    if case.in_time:
        return Check("ok", title, _("until %(day)s") % {"day": local_date(case.known.until(case.mine), case.zone)})
    if case.known.now >= case.limits.closes_at:
        return Check(
            "warn",
            title,
            _("no"),
            _("Credit of that year was final on %(day)s.") % {"day": local_date(case.limits.last_day)},
        )
    left = ngettext(
        "You have %(n)d late claim left until %(day)s.", "You have %(n)d late claims left until %(day)s.", case.limits.left
    ) % {"n": case.limits.left, "day": local_date(case.limits.last_day)}  # fmt: skip
    return Check("warn", title, _("closed %(day)s") % {"day": local_date(closes, case.zone)}, left)


# --- the one thing that helps --------------------------------------------------------------------------


def _answer(case: _Case) -> Answer:
    """The first condition that stands in the way."""
    if case.line is not None:
        return Answer(
            "claimed", _("You have this credit"), _("Claimed %(at)s.") % {"at": local(case.line.claim.claimed_at, case.zone)},
            "link", _("Open the certificate"), reverse("credits:claimed", args=[case.line.claim_id]),
        )  # fmt: skip
    return _no_credit(case) or _nobody_seen(case) or _too_late(case) or _nearly(case)


def _no_credit(case: _Case) -> Answer | None:
    if case.verdict == "cancelled":
        return Answer(
            "cancelled", _("This session was cancelled"), _("A session that did not take place carries no credit.")
        )
    if not case.designations or case.mine is None:
        return Answer(
            "not_designated",
            _("No credit was designated for this"),
            _("Breaks, meals and activities that were not approved for credit carry none."),
        )
    if case.session.activity.status not in eligibility.CLAIMABLE_STATUSES:
        return Answer(
            "not_open",
            _("Claiming is closed for this activity"),
            _("The activity is not published, or its record is complete."),
            "link",
            _("Write to the CME office"),
            reverse("pages:contact"),
        )
    if not case.known.credits or case.verdict == "not_covered":
        return Answer(
            "profession",
            _("It carries no credit for your profession"),
            _("What was designated is for other professions."),
            "link",
            _("Check my degree and profession"),
            reverse("accounts:profile"),
        )
    if case.known.now < case.known.opens_at(case.mine):
        return Answer(
            "not_yet",
            _("Not open yet"),
            _("Credit can be claimed from %(at)s.") % {"at": local(case.known.opens_at(case.mine), case.zone)},
        )
    return None


def _nobody_seen(case: _Case) -> Answer | None:
    assert case.mine is not None
    if case.mine.evidence:
        return None
    if waiting := _waits(case):
        return waiting
    if case.elsewhere:
        return Answer(
            "other_account", _("We think this check-in is yours"),
            _("Somebody with your name checked in with an address or a phone that is not in your account. Add it: a code sent to it proves that it is yours, and the check-in follows."),
            "link", _("Add it to my account"), reverse("accounts:profile"), case.elsewhere,
        )  # fmt: skip
    if case.known.now >= case.limits.closes_at and not case.in_time:
        return _final(case)
    if case.waiting_name:
        return Answer(
            "waiting_name", _("We think this entry is yours"),
            _("The list of the room has a name like yours without an address. The coordinator can say that it is you."),
            "ask_attendance", _("Yes, that is me"), fact=case.waiting_name,
        )  # fmt: skip
    if case.may_state:
        return Answer(
            "may_state", _("We found no check-in under your name"),
            _("If you were there, you can state it yourself. The CME office may check it; it counts like a check-in."),
            "link", _("State that I attended"), reverse("credits:attest", args=[case.session.pk]),
        )  # fmt: skip
    return Answer(
        "no_evidence", _("We found no check-in under your name"),
        _("If you were there, say so. The coordinator confirms it from the room’s list; it counts like a check-in.") + ("" if case.in_time else f" {_late(case)}"),
        "ask_attendance", _("I was there"),
    )  # fmt: skip


def _waits(case: _Case) -> Answer | None:
    """What became of a request, while it stands."""
    row = case.request
    if row is None or row.status == RequestStatus.GRANTED:
        return None
    if row.status == RequestStatus.ASKED:
        who = _("The coordinator confirms it") if row.needs_attendance else _("The CME office decides it")
        return Answer(
            "asked",
            _("You asked for this"),
            _("%(who)s. You asked %(at)s, and get an e-mail.") % {"who": who, "at": local(row.asked_at, case.zone)},
        )
    seen = case.mine is not None and bool(case.mine.evidence)
    return Answer(
        "refused", _("This was not confirmed"), row.decision_reason, "ask" if seen else "ask_attendance", _("Ask again")
    )


def _too_late(case: _Case) -> Answer | None:
    assert case.mine is not None
    if case.in_time:
        return None
    if waiting := _waits(case):
        return waiting
    if case.known.now >= case.limits.closes_at:
        return _final(case)
    if case.limits.left:
        return Answer("closed", _("You can still claim late"), _late(case), "ask", _("Claim it late"))
    return Answer("closed_no_allowance", _("The time to claim has passed"), _late(case), "ask", _("Ask the CME office"))


def _late(case: _Case) -> str:
    """That the time to claim is over, and what claiming now takes."""
    assert case.mine is not None
    closed = _("The time to claim ended %(day)s.") % {"day": local_date(case.known.closes_at(case.mine), case.zone)}
    if case.limits.left:
        return closed + " " + _("A late claim uses 1 of your %(n)d this year.") % {"n": case.limits.allowance}
    return closed + " " + _("You used all late claims of this year, so the CME office decides.")


def _final(case: _Case) -> Answer:
    day = local_date(case.limits.last_day)
    return Answer(
        "final",
        _("Credit of that year is final"),
        _("It was reported after %(day)s, and nobody can add to it.") % {"day": day},
        "link",
        _("Write to the CME office"),
        reverse("pages:contact"),
    )


def _nearly(case: _Case) -> Answer:
    assert case.mine is not None
    number = case.session.activity.number
    until = _("Open until %(at)s.") % {"at": local(case.known.until(case.mine), case.zone)}
    if case.known.now > case.known.closes_at(case.mine):
        until = _("The time to claim ended %(day)s; it is still taken until %(at)s.") % {
            "day": local_date(case.known.closes_at(case.mine), case.zone), "at": local(case.known.until(case.mine), case.zone),
        }  # fmt: skip
    if case.known.evaluation_required and not case.known.evaluation_done:
        return Answer(
            "evaluation",
            _("The evaluation is missing"),
            _("It takes about a minute.") + f" {until}",
            "link",
            _("Start the evaluation"),
            reverse("evaluations:evaluation_answer", args=[number]),
        )
    return Answer(
        "claimable",
        _("You can claim it now"),
        until,
        "link",
        _("Claim your credit"),
        reverse("credits:claim", args=[number]),
    )
