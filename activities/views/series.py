"""The dates of a series; one session: its topic and speakers, the screen in the room, the sheet, who was there."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities import access
from activities.domain import activity_page, attendance, changing, notices, roster, series, sessions
from activities.enums import CheckInBy, CheckInWay
from activities.forms.series import (
    CancelForm,
    CodeForm,
    CorrectForm,
    MoveForm,
    PresentForm,
    SeriesForm,
    SpeakerForm,
    TopicForm,
    initial_of,
)
from activities.models import Activity, ActivityRole, AttendanceEvidence, SeriesPlan, Session
from common import clock, qr
from common.errors import Conflict, DomainError
from common.page import page
from common.views import posted_number

BLANK_LINES = 12  # on the sheet, for people who come without a registration


@dataclass(frozen=True)
class Shown:
    """The dates of a preview: every date of the recurrence by month, and what confirming them does."""

    dates: series.Dates
    outcome: series.Outcome
    months: list[tuple[dt.date, list[tuple[dt.date, str, bool]]]]
    signature: str

    @property
    def all_days(self) -> str:
        return ",".join(day.isoformat() for _month, rows in self.months for day, _holiday, _out in rows)

    @property
    def left_out(self) -> list[tuple[dt.date, str]]:
        return [(day, holiday) for _month, rows in self.months for day, holiday, out in rows if out]


@page(perm="accounts.signed_in", write=True)
def series_plan(request: Any, number: str) -> HttpResponse:
    """When the series meets: answers, dates to look at, then Confirm. With htmx the dates follow every answer."""
    activity = access.plan(request.actor, number)
    if not activity.is_series:
        raise Conflict(
            _("Only a regularly scheduled series has recurring sessions. Change the type under Basics first.")
        )
    stored = SeriesPlan.objects.filter(activity=activity).first()
    form = SeriesForm(request.POST if request.method == "POST" else None, initial=initial_of(activity, stored))
    shown = _shown(activity, form) if form.is_bound else None
    if shown and request.POST.get("action") == "confirm":
        if request.POST.get("seen") == shown.signature:
            return _confirm(request, activity, shown)
        form.add_error(None, _("The dates changed. Look at them once more, then confirm."))
    context = {
        "activity": activity, "form": form, "shown": shown, "stored": stored, "may_change": series.may_change(activity),
        "sessions": series.sessions_of(activity),
    }  # fmt: skip
    return render(
        request, "activities/partials/_series_dates.html" if request.htmx else "activities/series_plan.html", context
    )


def _shown(activity: Activity, form: SeriesForm) -> Shown | None:
    """The preview of valid answers; what cannot stand is written to its field."""
    if not form.is_valid():
        return None
    asked = form.dates(frozenset())
    try:
        series.check(activity, asked)
        suggested = series.suggested(asked.rule, asked.starts_on, asked.ends_on)
        dates = form.dates(form.left_out(suggested, series.usual(activity)))
        outcome = series.preview(activity, dates)
    except DomainError as error:
        form.add_domain_error(error)
        return None
    rows = [(day, holiday, day in dates.left_out) for day, holiday in suggested]
    return Shown(
        dates, outcome, [(m, list(r)) for m, r in groupby(rows, key=lambda row: row[0].replace(day=1))], form.signature
    )


def _confirm(request: Any, activity: Activity, shown: Shown) -> HttpResponse:
    outcome = series.plan_series(activity_id=activity.pk, dates=shown.dates, by=request.actor)
    n = len(outcome.held)
    messages.success(request, ngettext("%(n)d session is planned.", "%(n)d sessions are planned.", n) % {"n": n})
    return redirect("activities:series_plan", activity.number)


@page(perm="accounts.signed_in", write=True)
def session_change(request: Any, number: str, pk: int) -> HttpResponse:
    """Topic and speakers of one session up to the last minute; once approved, moving and cancelling it."""
    session = access.plan_session(request.actor, number, pk)
    speakers = list(session.roles.filter(removed_at=None).select_related("person"))
    forms = _forms(request, session, speakers)
    if request.method == "POST" and _change(request, session, forms):
        return redirect("activities:session_change", number, pk)
    may_change = series.may_change_session(session)
    may_move = may_change and session.activity.status in series.AGREED
    context = {
        "activity": session.activity, "session": session, "speakers": speakers, "forms": forms, "may_change": may_change, "may_move": may_move,
        "told": notices.audience(session.activity) if may_move else 0, "may_choose_code": attendance.may_choose_code(session),
    }  # fmt: skip
    return render(request, "activities/series_session.html", context)


def _forms(request: Any, session: Session, speakers: list[ActivityRole]) -> dict[str, Any]:
    """The four forms of the page by their action; only the one that was sent is bound."""

    def sent(action: str) -> Any:
        return request.POST if request.POST.get("action") == action else None

    return {
        "title": TopicForm(sent("title"), initial={"title": session.title}),
        "speaker": SpeakerForm(sent("speaker"), speakers=speakers),
        "move": MoveForm(sent("move"), prefix="move", session=session, zone=session.activity.zone),
        "cancel": CancelForm(sent("cancel"), prefix="cancel"),
        "code": CodeForm(sent("code"), initial={"check_in_by": session.check_in_by, "check_out": session.check_out}),
    }


def _change(request: Any, session: Session, forms: dict[str, Any]) -> bool:
    """Do what was asked; False leaves the page with its errors."""
    action = request.POST.get("action", "")
    _need_open(session, action)
    form = forms.get(action)
    if form is not None and not form.is_valid():
        return False
    try:
        done = (
            _ACTIONS[action](request, session, form.cleaned_data if form else request.POST)
            if action in _ACTIONS
            else ""
        )
    except DomainError as error:
        if form is None:
            raise
        form.add_domain_error(error)
        return False
    if done:
        messages.success(request, done)
    return True


def _retitle(request: Any, session: Session, data: Any) -> str:
    series.change_topic(session_id=session.pk, title=data["title"], by=request.actor)
    return _("Topic saved.")


def _put_speaker(request: Any, session: Session, data: Any) -> str:
    made = series.change_speaker(session_id=session.pk, by=request.actor, **{"leaving": None, **data})
    return _("%(name)s speaks in this session.") % {"name": made.person.full_name}


def _take_out(request: Any, session: Session, data: Any) -> str:
    role = data.get("role", "")
    gone = series.remove_speaker(session_id=session.pk, role_id=int(role) if role.isdigit() else 0, by=request.actor)
    return _("%(name)s no longer speaks in this session.") % {"name": gone.person.full_name}


def _move(request: Any, session: Session, data: Any) -> str:
    values = {name: data[name] for name in ("starts_at", "minutes", "room")}
    told = posted_number(request, "told")
    moved = sessions.move_session(session_id=session.pk, told=told, by=request.actor, **values)
    if moved.sequence == session.sequence:
        return _("This is the time and the room it had. Nothing was changed, and nobody gets an e-mail.")
    return _("Moved. Everybody registered is told.") if told else _("Moved.")


def _cancel(request: Any, session: Session, data: Any) -> str:
    told = posted_number(request, "told")
    sessions.cancel_session(session_id=session.pk, reason=data["reason"], told=told, by=request.actor)
    return _("Cancelled. Everybody registered is told.") if told else _("Cancelled.")


def _need_open(session: Session, action: str) -> None:
    """What the page no longer offers is refused as a whole; the domain asks again under its lock."""
    approved = session.activity.status in series.AGREED
    if action == "code" and attendance.may_choose_code(session):
        return
    if not series.may_change_session(session) or (action in {"move", "cancel"} and not approved):
        raise Conflict(_("This session has ended, was cancelled or is with the CME office. It can’t be changed here."))


def _choose_code(request: Any, session: Session, data: Any) -> str:
    attendance.choose_code(session_id=session.pk, by=request.actor, **data)
    return _("Saved. The screen in the room follows within ten seconds.")


_ACTIONS = {
    "code": _choose_code,
    "title": _retitle,
    "speaker": _put_speaker,
    "remove": _take_out,
    "move": _move,
    "cancel": _cancel,
}


@page(perm="accounts.signed_in")
def session_present(request: Any, number: str, pk: int) -> HttpResponse:
    """For the screen in the room: the disclosure, then code and QR, and how many are in; asks again every 10 s."""
    session = access.plan_session(request.actor, number, pk)
    context = _room(session) | {"present": attendance.present([session]).get(session.pk, 0)}
    if request.htmx:
        return render(request, "activities/partials/_session_live.html", context)
    panels = activity_page.panels("session", session, request.actor)
    context["panels"] = [render_to_string(panel.template, panel.context, request) for panel in panels]
    return render(request, "activities/series_present.html", context)


@page(perm="accounts.signed_in")
def session_sheet(request: Any, number: str, pk: int) -> HttpResponse:
    """A sheet to print: code, QR, the names of those registered, lines to sign."""
    session = access.plan_session(request.actor, number, pk)
    people, room = roster.registered(session.activity), _room(session)
    if room["changes"]:  # on paper a code that changes is of no use
        room["code"] = ""
    return render(request, "activities/series_sheet.html", room | {"people": people, "blank": range(BLANK_LINES)})


def _room(session: Session) -> dict[str, Any]:
    """Code and QR, once the code is released."""
    takes, by_text = (
        session.activity.check_in_ways,
        settings.SMS_NUMBER and CheckInWay.TEXT in session.activity.check_in_ways,
    )
    no_codes = not (CheckInWay.CODE in takes or by_text)
    opens_at, closes_at = attendance.window(session)
    is_over = clock.now() > closes_at
    code = session.check_in_code if session.code_released_at and not no_codes and not is_over else ""
    path, changes = f"in/{code}", bool(code) and session.check_in_by == CheckInBy.CHANGING
    if changes:
        now = changing.shown(session)
        path, code = f"now/{now.token}", now.code
    address = f"{settings.PORTAL_BASE_URL}/{path}/"
    return {
        "activity": session.activity, "session": session, "code": code, "opens_at": opens_at, "closes_at": closes_at, "changes": changes, "is_over": is_over,
        "seconds": changing.SECONDS, "sms_number": settings.SMS_NUMBER if by_text else "",
        "no_codes": no_codes, "by_tablet": CheckInWay.TABLET in takes, "by_name": CheckInWay.DOOR in takes,
        "qr": qr.svg(address, label=_("QR code for %(address)s") % {"address": address}) if code and CheckInWay.CODE in takes else "",
        "check_in_address": f"{settings.PORTAL_BASE_URL.split('://')[-1]}/check-in",
    }  # fmt: skip


@page(perm="accounts.signed_in", write=True)
def session_attendance(request: Any, number: str, pk: int) -> HttpResponse:
    """Who was there, how it is known, and the two ways to mend it: mark present, correct with a reason."""
    session = access.plan_session(request.actor, number, pk)
    action, query = request.POST.get("action", ""), request.POST.get("q") or request.GET.get("q", "")
    found = roster.people_like(query, session.activity)
    present = PresentForm(request.POST if action == "present" else None, found=found)
    wrong = _row(session, request.POST.get("evidence") or request.GET.get("correct", ""))
    correct = CorrectForm(
        request.POST if action == "correct" else None, initial={"minutes": wrong.minutes if wrong else None}
    )
    if action == "present" and _mark(request, session, present):
        return redirect("activities:session_attendance", number, pk)
    if action == "correct" and wrong and _correct(request, wrong, correct):
        return redirect("activities:session_attendance", number, pk)
    lines = roster.lines(session)
    context = {
        "activity": session.activity, "session": session, "lines": lines, "query": query, "found": found, "present_form": present,
        "wrong": next((line for line in lines if wrong and line.evidence.pk == wrong.pk), None), "correct_form": correct,
        "present": len({(line.person and line.person.pk) or f"{line.evidence.identity_id}" for line in lines if not line.evidence.withdrawn}), "shortest": roster.SHORTEST,
        "panels": [render_to_string(p.template, p.context, request) for p in activity_page.panels("attendance", session, request.actor)],
    }  # fmt: skip
    return render(request, "activities/series_attendance.html", context)


def _row(session: Session, pk: str) -> AttendanceEvidence | None:
    return get_object_or_404(AttendanceEvidence, pk=pk, session=session) if pk.isdigit() else None


def _mark(request: Any, session: Session, form: PresentForm) -> bool:
    if not form.is_valid():
        return False
    data = form.cleaned_data
    try:
        attendance.mark_present(
            session_id=session.pk,
            person_id=data["person"],
            minutes=data["minutes"],
            reason=data["reason"],
            by=request.actor,
        )
    except DomainError as error:
        form.add_domain_error(error)
        return False
    messages.success(request, _("Marked present. It counts like a check-in."))
    return True


def _correct(request: Any, wrong: AttendanceEvidence, form: CorrectForm) -> bool:
    if not form.is_valid():
        return False
    try:
        attendance.correct(evidence_id=wrong.pk, by=request.actor, **form.cleaned_data)
    except DomainError as error:
        form.add_domain_error(error)
        return False
    messages.success(request, _("Corrected. The row before stays in the record."))
    return True
