"""Writing an application: begin it, one address per section, answer, send, take back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Department
from activities import access
from activities.domain import applications, gates, overview
from activities.domain import plan as plans
from activities.enums import Section
from activities.forms.applications import AnswerForm, ApplicationCreateForm, WithdrawForm
from activities.models import Activity, ChangeRequest
from activities.views.editor import Editor, Outcome
from activities.views.sections import EDITORS
from common import clock
from common.errors import DomainError
from common.page import page
from common.templatetags.cme import local_time


@page(perm="activities.plan", write=True)
def application_create(request: Any) -> HttpResponse:
    """Begin an application, blank or from a gap (`?gap=12`)."""
    gap_id = request.POST.get("gap") or request.GET.get("gap") or ""
    gap = access.gap(request.actor, int(gap_id)) if gap_id.isdecimal() else None
    initial = {"department": gap.department_id} if gap else {}
    form = ApplicationCreateForm(request.POST or None, departments=departments_of(request.actor), initial=initial)
    if request.method == "POST" and form.is_valid():
        activity = applications.create_application(by=request.actor, gap=gap, **form.cleaned_data)
        return redirect("activities:application_section", activity.number, Section.BASICS)
    return render(request, "activities/application_create.html", {"form": form, "gap": gap})


def departments_of(actor: Any) -> Any:
    found = Department.objects.order_by("name")
    return found if actor.is_office else found.filter(pk__in=actor.departments)


@page(perm="accounts.signed_in", write=True, files=True)
def application_section(request: Any, number: str, section: str) -> HttpResponse:
    """Read or write one section. A POST saves, then does what its button says; htmx posts save while one writes."""
    if section not in EDITORS:
        raise Http404
    if request.method == "POST":
        return _write(request, access.editable_plan(request.actor, number), section)
    editor = EDITORS[section](
        plans.load(access.plan(request.actor, number)), request.actor, opened=request.GET.get("open", "")
    )
    return _show(request, editor)


def _write(request: Any, activity: Activity, section: str) -> HttpResponse:
    editor = EDITORS[section](plans.load(activity), request.actor, request.POST, files=request.FILES)
    if request.htmx:
        editor.act("save")
        return _autosaved(request, editor)
    action = request.POST.get("action", "save")
    outcome = editor.act(action)
    if not outcome.ok:
        return _show(request, editor, status=422)
    for text in filter(None, (*editor.notes, outcome.message)):
        messages.success(request, text)
    return redirect(_landing(activity, section, action, outcome))


def _landing(activity: Activity, section: str, action: str, outcome: Outcome) -> str:
    order = list(Section.values)
    if action == "next" and section != order[-1]:
        return reverse("activities:application_section", args=[activity.number, order[order.index(section) + 1]])
    query = QueryDict(mutable=True)
    if outcome.opened:
        query["open"] = outcome.opened
    if outcome.undo:
        query["undo"] = outcome.undo
    elif action == "save":
        query["saved"] = "1"
    address = reverse("activities:application_section", args=[activity.number, section])
    return address + (f"?{query.urlencode()}" if query else "") + (f"#{outcome.anchor}" if outcome.anchor else "")


def _autosaved(request: Any, editor: Editor) -> HttpResponse:
    """The parts around the form that a saved answer changes; the form itself stays as it is under the writer's hands."""
    problems = editor.error_list
    fresh = type(editor)(plans.load(_fresh(editor)), request.actor, opened=editor.opened)
    response = render(
        request, "activities/partials/_autosaved.html", {**_context(request, fresh), "problems": problems}
    )
    response["X-Saved-At"] = local_time(clock.now(), editor.plan.activity.zone)
    return response


def _fresh(editor: Editor) -> Activity:
    return Activity.objects.select_related("department").get(pk=editor.plan.activity.pk)


def _show(request: HttpRequest, editor: Editor, status: int = 200) -> HttpResponse:
    return render(request, "activities/application_section.html", _context(request, editor), status=status)


def _context(request: Any, editor: Editor) -> dict[str, Any]:
    plan = editor.plan
    findings = gates.for_submission(plan)
    kind, _sep, pk = request.GET.get("undo", "").partition(":")
    own = [f for f in findings if f.section == editor.section]
    shown = editor.context()
    shown["panels"] = [render_to_string(panel.template, panel.context, request) for panel in shown.get("panels", ())]
    return {
        **shown, "editor": editor, "plan": plan, "activity": plan.activity, "section": editor.section, "errors": editor.error_list,
        "drafts": [f for f in editor.forms() if hasattr(f, "initials")],
        "overview": overview.of(plan, findings, current=editor.section), "notes": [f for f in own if f.data.get("ask")], "own_findings": own,
        "requests": [(r, _answer_form(editor, r)) for r in plan.open_requests if r.section == editor.section],
        "editable": applications.is_editable(plan.activity), "undo": f"{kind}:{pk}", "undo_text": editor.undo_text(kind, pk) if pk else "",
        "saved": "saved" in request.GET, "next_section": overview.after(editor.section), "now": clock.now(),
    }  # fmt: skip


def _answer_form(editor: Editor, asked: ChangeRequest) -> AnswerForm:
    """The answer stands above the section's form and belongs to it, so that every button of the page keeps it."""
    typed = editor.field(f"r{asked.pk}-answer")
    form = AnswerForm(prefix=f"r{asked.pk}", initial={"answer": typed or asked.answer})
    form.fields["answer"].widget.attrs["form"] = "section-form"
    return form


@page(perm="accounts.signed_in", write=True)
def application_submit(request: Any, number: str) -> HttpResponse:
    """The last step: send it to the office."""
    activity = access.editable_plan(request.actor, number)
    if request.method != "POST":
        return redirect("activities:application_section", number, Section.SIGN)
    applications.submit_application(activity_id=activity.pk, by=request.actor)
    messages.success(request, _("Sent to the CME office."))
    return redirect("activities:plan_detail", number)


@page(perm="accounts.signed_in", write=True)
def application_withdraw(request: Any, number: str) -> HttpResponse:
    """Take it back for good, with the reason."""
    activity = access.plan(request.actor, number)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        applications.withdraw_application(activity_id=activity.pk, reason=form.cleaned_data["reason"], by=request.actor)
        messages.success(request, _("Withdrawn. The record stays."))
        return redirect("activities:plan_detail", number)
    return render(request, "activities/application_withdraw.html", {"activity": activity, "form": form})


@page(perm="accounts.signed_in", write=True)
def request_answer(request: Any, number: str, pk: int) -> HttpResponse:
    """Answer one request of the office; shown in the section that it is about."""
    activity = access.editable_plan(request.actor, number)
    asked = activity.change_requests.filter(pk=pk).first()
    if asked is None:
        raise Http404
    form = AnswerForm(request.POST or None, prefix=f"r{pk}")
    if request.method == "POST" and form.is_valid():
        try:
            applications.answer_request(
                activity_id=activity.pk, request_id=pk, text=form.cleaned_data["answer"], by=request.actor
            )
            return redirect(reverse("activities:application_section", args=[number, asked.section]) + f"#request-{pk}")
        except DomainError as error:
            form.add_domain_error(error)
    return render(request, "activities/request_answer.html", {"activity": activity, "asked": asked, "form": form})
