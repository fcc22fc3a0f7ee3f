"""The claim page: what can be claimed, of which types, what those types ask of the learner, and the name it is made out to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain import learner_fields, profile
from accounts.enums import BOARDS
from accounts.models import Person
from accounts.number_forms import LearnerFieldsForm
from activities.domain import handouts
from activities.models import Activity
from common import statements
from common.errors import DomainError
from common.page import page
from common.statements import Run
from credits import access, eligibility
from credits.domain import attesting, claims, designations, facts
from credits.domain.facts import Known, Offer
from credits.forms import Choices, ClaimForm, form_key, posted_choices
from credits.models import Claim
from integrity.domain import disclosure_text


@dataclass
class TypeChoice:
    """A credit type that can be chosen, with the fields that it alone asks for."""

    offer: Offer
    checked: bool
    amount: list[Run]
    fields: list[BoundField] = field(default_factory=list)
    shares: bool = False

    @property
    def code(self) -> str:
        return self.offer.kind.code


@page(perm="accounts.signed_in", write=True)
def claim(request: HttpRequest, number: str) -> HttpResponse:
    """Choose credit, prefilled from the evidence, and claim it."""
    activity = access.claimable(number)
    person: Person = request.person  # type: ignore[attr-defined]
    asked_for = request.POST if request.method == "POST" else request.GET
    codes = asked_for.getlist("types") if "types" in asked_for or "choosing" in asked_for else None
    if request.method == "POST" and (done := _at_once(request, activity, codes)):
        return redirect("credits:claimed", pk=done.pk)
    known = facts.gather(person, activity, codes)
    found = eligibility.blockers(known.facts)
    if request.method == "GET" and [b.code for b in found] == ["evaluation"]:
        return redirect("evaluations:evaluation_answer", number=number)
    form = _form(request, known.facts)
    ask = _ask(request, person, known)
    block = disclosure_text.block(activity)
    if request.method == "POST":
        made = _claim(request, form, ask, known, activity, codes, block.sha256)
        if made is not None:
            return redirect("credits:claimed", pk=made.pk)
    context = {
        "activity": activity, "facts": known.facts, "blockers": found, "form": form, "ask": ask, "disclosure": block,
        "form_key": form.data.get("form_key") or uuid.uuid4(), "stateable": attesting.offered(person, activity, known.facts),
        "handouts": handouts.of_learner(activity, person.pk, attended=any(s.evidence for s in known.facts.sessions)),
        **_verdicts(known.facts), **_types(known, ask, activity),
    }  # fmt: skip
    return render(request, "credits/claim.html", context)


def _at_once(request: HttpRequest, activity: Activity, codes: Sequence[str] | None) -> Claim | None:
    """The claim of a page that asked for nothing but credit: its facts are gathered once, under the lock.

    None when something has to be said or asked first: the page does so from the facts, as when it was opened.
    """
    chosen = posted_choices(request.POST)
    if chosen is None or any(name.startswith("ask-") for name in request.POST):
        return None
    try:
        return _try(request, activity, codes, *chosen, request.POST.get("disclosure", ""))
    except DomainError:
        return None


def _form(request: HttpRequest, known: eligibility.Facts) -> ClaimForm:
    verdicts = [v for v in (eligibility.verdict(known, s) for s in known.sessions) if v.is_claimable]
    works = [v for v in (eligibility.work_verdict(known, w) for w in known.works) if v.is_claimable]
    return ClaimForm(
        request.POST or None,
        verdicts=verdicts,
        works=works,
        offered=eligibility.prefill(known),
        lead=known.lead,
    )


def _ask(request: HttpRequest, person: Person, known: Known) -> LearnerFieldsForm:
    """What the types ask and nobody answered yet; a board that may not be told is asked about again (MOC-2)."""
    keys = [key for o in known.choices for key in o.kind.learner_fields]
    lacking = set(learner_fields.missing(person, keys)) | set(claims.boards_to_ask(person, keys))
    now = {key for o in known.offers for key in o.kind.learner_fields}
    on_file = {row.kind: row.value for row in learner_fields.numbers(person)} if lacking & set(BOARDS) else {}
    return LearnerFieldsForm(
        request.POST or None, person=person, fields=[key for key in dict.fromkeys(keys) if key in lacking], needed=now & lacking,
        tell_boards=True, prefix="ask", initial=on_file,
    )  # fmt: skip


def _claim(
    request: HttpRequest, form: ClaimForm, ask: LearnerFieldsForm, known: Known, activity: Activity, codes: Sequence[str] | None, sha: str
) -> Claim | None:  # fmt: skip
    """Try the claim; what cannot stand is written to where it belongs, and nothing typed is lost.

    Answers are kept before the claim is tried: they are right, whatever becomes of it.
    """
    chosen, works = form.choices(), form.chosen_works()
    if form.problems or (ask and not ask.is_valid()):
        return None
    try:
        if ask and ask.values() and not ask.save(by=request.actor):  # type: ignore[attr-defined]
            return None
        return _try(request, activity, codes, chosen, works, sha if request.POST.get("disclosure") == sha else "")
    except DomainError as error:
        form.problems |= error.fields
        form.general = [] if error.fields else list(error.messages)
        return None


def _try(
    request: HttpRequest, activity: Activity, codes: Sequence[str] | None, chosen: Choices, works: Choices, sha: str
) -> Claim:
    """Confirm the name that was on the page, then claim."""
    actor, person_id = request.actor, request.actor.person_id  # type: ignore[attr-defined]
    if request.POST.get("printed"):
        profile.confirm_name(person_id=person_id, printed=request.POST["printed"], by=actor)
    return claims.claim(
        person_id=person_id, activity_id=activity.pk, choices=chosen, works=works, codes=codes, form_key=form_key(request.POST),
        disclosure_sha=sha, by=actor,
    )  # fmt: skip


def _verdicts(known: eligibility.Facts) -> dict[str, object]:
    verdicts = [eligibility.verdict(known, s) for s in known.sessions]
    works = [eligibility.work_verdict(known, w) for w in known.works]
    ends = [known.until(v.session) for v in verdicts if v.is_claimable]
    ends += [known.work_closes_at(v.work) for v in works if v.is_claimable]
    return {
        "others": [v for v in verdicts if not v.is_claimable], "other_works": [v for v in works if not v.is_claimable],
        "closes_at": min(ends, default=None),
    }  # fmt: skip


def _types(known: Known, ask: LearnerFieldsForm, activity: Activity) -> dict[str, object]:
    """The types to choose from, shown where there is a choice; a field that two of them ask for stands below all."""
    chosen = {o.kind.code for o in known.offers}
    uses: dict[str, list[str]] = {}
    for offer in known.choices:
        for key in offer.kind.learner_fields:
            uses.setdefault(key, []).append(offer.kind.code)
    rows = [TypeChoice(o, o.kind.code in chosen, designations.amount(o.designation)) for o in known.choices]
    shown = len(rows) > 1 or any(row.offer.kind.elective for row in rows)
    by_code, shared = {row.code: row for row in rows}, list[BoundField]()
    for key in ask.asked:
        if shown and len(uses[key]) == 1:
            by_code[uses[key][0]].fields.extend(ask.of(key))
            continue
        shared.extend(ask.of(key))
        for code in uses[key]:
            by_code[code].shares = True
    lead = next((o for o in known.offers if known.facts.lead and o.kind.code == known.facts.lead.code), None)
    later = [row for row in rows if row.offer.kind.elective and not row.checked and _held(known.facts, row.offer)]
    return {
        "types": rows if shown else [], "shared": shared, "later": later, "lead_code": lead.kind.code if lead else "",
        "attended_only": all(o.kind.is_attendance for o in known.offers),
        "lead_unit": statements.runs(lead.kind.unit_many) if lead else [],
        "several": _("Your certificate lists each of them, by its own arithmetic.") if len(chosen) > 1 else "",
    }  # fmt: skip


def _held(known: eligibility.Facts, offer: Offer) -> bool:
    """Whether some of the credit that this type follows is claimed here and it is not (MOC-5)."""
    kind = offer.kind
    return any(s.held.get(kind.follows) and kind.kin not in s.claimed for s in known.sessions)
