"""What the office does to an activity from its desk. Each function asks the domain and says what came of it."""

from typing import Any

from django.contrib import messages
from django.forms import formset_factory
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from activities import access
from activities.domain import changes, notices, reviewing, reviews
from activities.models import Activity
from common.errors import DomainError, NotAllowed
from common.views import posted_number
from credits.domain import publishing
from integrity.domain import disclosures, mitigation
from integrity.domain.mitigation import Mitigation
from reporting.domain import desk
from reporting.forms import (
    MAX_REQUESTS,
    ConfirmForm,
    DecideForm,
    ExceptionForm,
    NoteForm,
    ReasonForm,
    RequestForm,
    WaiverForm,
)
from reporting.views.desk import compliance
from reporting.views.page import act, desk_page, show

STEPS = {
    "start_review": reviews.start_review, "approve": reviews.approve, "publish": publishing.publish,
}  # fmt: skip
REASONED = ("reject", "cancel")


@desk_page(write=True)
def step(request: HttpRequest, number: str) -> HttpResponse:
    """One button of the decision bar."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    verb = request.POST.get("verb", "")
    if request.method != "POST":
        return redirect("desk:activity", number)
    if verb not in STEPS:
        raise Http404
    said = {
        "start_review": _("The review is yours."), "approve": _("Approved. The planners have the news by e-mail."),
        "publish": _("Published. Learners can register from now on."),
    }  # fmt: skip
    return act(request, activity, STEPS[verb], said[verb], activity_id=activity.pk)


@desk_page(write=True)
def reason(request: HttpRequest, number: str) -> HttpResponse:
    """Reject or cancel: the reason is read by others, so it is asked on a page of its own."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    verb = request.POST.get("verb") or request.GET.get("verb", "reject")
    if verb not in REASONED:
        raise Http404
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = _rejected(request, activity, form) if verb == "reject" else _cancelled(request, activity, form)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, said)
            return redirect("desk:activity", number)
    context = {"title": activity.title, "activity": activity, "form": form, "verb": verb}
    return show(request, "reporting/reason.html", context | {"told": notices.audience(activity)})


def _rejected(request: Any, activity: Activity, form: ReasonForm) -> str:
    reviews.reject(activity_id=activity.pk, by=request.actor, **form.cleaned_data)
    return _("Rejected. The planners have your reason by e-mail.")


def _cancelled(request: Any, activity: Activity, form: ReasonForm) -> str:
    told = posted_number(request, "told")
    reviews.cancel(activity_id=activity.pk, told=told, by=request.actor, **form.cleaned_data)
    return _("Cancelled. Everybody with a place gets your reason by e-mail.") if told else _("Cancelled.")


@desk_page(write=True)
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    """Agree to what changed since it was published (WF-11): the changes once more, and the reason for the record."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    found = desk.dossier(activity, request.actor).changed  # type: ignore[attr-defined]
    if found is None or not found.answers:
        messages.info(request, _("Nothing waits to be confirmed here."))
        return redirect("desk:activity", number)
    form = ConfirmForm(request.POST or None, initial={"seen": found.since.token})
    if request.method == "POST" and form.is_valid():
        try:
            changes.confirm(activity_id=activity.pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Confirmed. The plan as it is now counts as agreed to."))
            return redirect("desk:activity", number)
    if form.is_bound:  # what is different now stands on this page; the next press is about that
        form.data = form.data.copy()
        form.data["seen"] = found.since.token
    return show(
        request,
        "reporting/confirm.html",
        {"title": activity.title, "activity": activity, "form": form, "changed": found},
    )


@desk_page(write=True)
def returning(request: HttpRequest, number: str) -> HttpResponse:
    """Return with requests. What was typed stays when something is refused, or another row is asked for."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    rows = formset_factory(RequestForm, extra=1, absolute_max=MAX_REQUESTS, max_num=MAX_REQUESTS)
    adding = request.POST.get("action") == "add"
    note, forms = NoteForm(request.POST or None), rows(_one_more(request.POST) if adding else request.POST or None)
    if request.method == "POST" and not adding and forms.is_valid() and note.is_valid():
        asks = [form.ask() for form in forms if form.cleaned_data]
        try:
            reviews.return_with_requests(activity_id=activity.pk, asks=asks, by=request.actor, **note.cleaned_data)  # type: ignore[attr-defined]
        except NotAllowed:
            raise
        except DomainError as error:
            forms[0].add_domain_error(error)
        else:
            messages.success(request, _("Returned. The planners have your requests by e-mail."))
            return redirect("desk:activity", number)
    context = {
        "title": activity.title,
        "activity": activity,
        "note": note,
        "forms": forms,
        "can_add": len(forms) < MAX_REQUESTS,
    }
    return show(request, "reporting/returning.html", context)


def _one_more(data: Any) -> Any:
    more = data.copy()
    typed = data.get("form-TOTAL_FORMS", "")
    more["form-TOTAL_FORMS"] = str(min(int(typed) + 1 if typed.isdecimal() and len(typed) < 4 else 1, MAX_REQUESTS))
    return more


@desk_page(write=True)
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """Accept what the planners did about one request."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("desk:activity", number)
    return act(
        request,
        activity,
        reviews.settle_request,
        _("Settled."),
        activity_id=activity.pk,
        request_id=_number(request, "request"),
    )


@desk_page(write=True)
def remind(request: HttpRequest, number: str) -> HttpResponse:
    """Send a discloser a fresh link."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("desk:activity", number)
    return act(
        request,
        activity,
        disclosures.remind,
        _("A fresh link is on its way."),
        activity_id=activity.pk,
        person_id=_number(request, "person"),
    )


@desk_page(write=True)
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """One relationship. A refusal stands on its form, with what was typed."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("desk:activity", number)
    facts = desk.relationship(activity, request.actor, _number(request, "relationship"))  # type: ignore[attr-defined]
    if facts is None:
        messages.error(
            request, _("This relationship was decided meanwhile, or its holder left. The page shows what stands now.")
        )
        return redirect("desk:activity", number)
    form: Any = (ExceptionForm if facts["verdict"] == "excluded" else DecideForm)(request.POST, facts=facts)
    if form.is_valid():
        try:
            _decide(form, request)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Decision recorded."))
            return redirect("desk:activity", number)
    return compliance(request, activity, bound=form)


def _decide(form: Any, request: HttpRequest) -> None:
    facts, data, by = form.facts, form.cleaned_data, request.actor  # type: ignore[attr-defined]
    about = {"relationship_id": facts["relationship_id"], "activity_id": facts["activity_id"], "by": by}
    if isinstance(form, ExceptionForm):
        mitigation.approve_exception(**about, **data)
        return
    done = Mitigation(data["strategy"], data["performed_by"], data["rationale"]) if data["strategy"] else None
    relevant = data["relevant"] == "yes"
    if relevant and facts["relevant"] and done:  # decided before; what is done about it is what is new
        mitigation.record_mitigation(**about, strategy=done.strategy, performed_by=done.performed_by, note=done.note)
        return
    typed = request.POST.get("previous", "")
    seen = int(typed) if typed.isdecimal() else None  # the decision that was on the page, not the one that stands now
    mitigation.decide_relevance(
        **about, relevant=relevant, rationale=data["rationale"], previous_id=seen, mitigation=done
    )


@desk_page(write=True)
def waive(request: HttpRequest, number: str) -> HttpResponse:
    """The director's exception to the rules of one open finding (WF-12)."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    if not request.actor.is_director:  # type: ignore[attr-defined]
        raise NotAllowed("Only the CME director can waive a rule (WF-12).")
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    finding = desk.waivable(activity, request.actor, request.POST.get("rules") or request.GET.get("rules", ""))  # type: ignore[attr-defined]
    if finding is None:
        messages.error(request, _("There is nothing open to waive under these rules."))
        return redirect("desk:activity", number)
    form = WaiverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            for rule in finding.rules:  # each rule is an exception of its own
                reviews.waive(activity_id=activity.pk, rule=rule, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Waived, with your reason in the record."))
            return redirect("desk:activity", number)
    return show(
        request,
        "reporting/waive.html",
        {"title": activity.title, "activity": activity, "form": form, "finding": finding},
    )


def _number(request: HttpRequest, name: str) -> int:
    typed = request.POST.get(name, "")
    if not typed.isdecimal() or len(typed) > 18:
        raise Http404
    return int(typed)
