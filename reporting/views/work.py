"""Work that carries credit though nobody sat in a session for it, and sessions taught: the office's record (AMA-FMT-1T to AMA-FMT-8)."""

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.domain import people
from activities import access
from activities.domain import reviewing
from activities.models import Activity
from common import clock
from common.errors import DomainError
from credits.domain import achievements, presentations
from reporting.domain import desk
from reporting.views.page import desk_page, show
from reporting.work_forms import TakeBackForm, TeachingForm, WorkForm


@desk_page(write=True)
def work(request: HttpRequest, number: str) -> HttpResponse:
    """What is on record, and a form for one more piece."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    taught = presentations.is_offered(activity)
    if not (activity.is_any_time or taught):
        raise Http404
    form = (TeachingForm if taught else WorkForm)(request.POST or None, activity=activity)
    if request.method == "POST":
        reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
        if form.is_valid() and _kept(request, form, activity):
            messages.success(request, _("Written down. The learner can claim it now."))
            return redirect("desk:work", number)
    context = {
        "title": activity.title, "activity": activity, "facts": desk.head(activity), "tab": "work", "form": form, "taught": taught,
        "rows": presentations.of_activity(activity) if taught else achievements.of_activity(activity),
        "may": reviewing.may_decide(request.actor, activity),  # type: ignore[attr-defined]
    }  # fmt: skip
    return show(request, "reporting/work.html", context)


def _kept(request: HttpRequest, form: WorkForm | TeachingForm, activity: Activity) -> bool:
    data, by = form.cleaned_data, request.actor  # type: ignore[attr-defined]
    try:
        if isinstance(form, TeachingForm):
            presentations.record(minutes=data["minutes"], original=data["original"], by=by, **form.ids())
            return True
        person = people.find_by_email(data["email"])
        if person is None:
            form.add_error("email", _("Nobody has this address. Ask them to sign in once, or use another of theirs."))
            return False
        noon = clock.local(data["completed_on"], dt.time(12), activity.zone)
        at = clock.now() if data["completed_on"] == clock.today(activity.zone) else noon
        achievements.record(
            activity_id=activity.pk, person_id=person.pk, kind=data["kind"], label=data.get("label", ""), accepted=data.get("accepted", False),
            score=data.get("score"), completed_at=at, source=data["source"], by=by,
        )  # fmt: skip
    except DomainError as error:
        form.add_domain_error(error)
        return False
    return True


@desk_page(write=True)
def work_take_back(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """Take back what was written down by mistake; the row stays, with the reason."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    taught = presentations.is_offered(activity)
    rows = presentations.of_activity(activity) if taught else achievements.of_activity(activity)
    row = next((r for r in rows if r.pk == pk), None)
    if row is None:
        raise Http404
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if taught:
                presentations.take_back(presentation_id=pk, by=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
            else:
                achievements.correct(
                    achievement_id=pk, accepted=getattr(row, "accepted", True), withdrawn=True, by=request.actor, **form.cleaned_data  # type: ignore[attr-defined]
                )  # fmt: skip
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(request, _("Taken back. The row and your reason stay in the record."))
            return redirect("desk:work", number)
    return show(request, "reporting/work_take_back.html", {"title": activity.title, "activity": activity, "form": form, "row": row, "taught": taught})  # fmt: skip
