"""What learners see before the day: the catalogue, an activity, their registration."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from activities import access
from activities.domain import activity_page, calendars, catalogue, handouts, registrations
from activities.enums import RegistrationStatus
from activities.forms.registration import RegistrationForm
from activities.models import Activity, Registration
from common import views
from common.errors import DomainError
from common.page import page


@page(public=True)
def catalogue_page(request: Any) -> HttpResponse:
    """Upcoming activities: search and filters are an address, so they can be kept and sent."""
    url = reverse("activities:catalogue")
    filters = catalogue.Filters.of(request.GET)
    listing = catalogue.listing(filters, page=request.GET.get("page", "1"), actor=request.actor, url=url)
    template = "activities/partials/_catalogue_body.html" if request.htmx else "activities/catalogue.html"
    response = render(request, template, {"listing": listing, "filters": filters, "url": url, "page_obj": listing.page})
    response["Vary"] = "HX-Request, Cookie"
    return response


@page(public=True)
def activity_detail(request: Any, number: str) -> HttpResponse:
    """Everything a learner decides by; the room's link only for those with a place."""
    activity = access.public(number)
    return render(request, "activities/activity_detail.html", _detail_context(request, activity))


@page(public=True)
def activity_calendar(request: Any, number: str) -> HttpResponse:
    """The activity as a calendar file."""
    activity = access.public(number)
    mine = registrations.of_person(activity, request.actor.person_id)
    online = mine is not None and mine.status == RegistrationStatus.REGISTERED
    return views.file_response(
        calendars.of_activity(activity, online=online), f"{activity.number}.ics", calendars.CONTENT_TYPE
    )


@page(perm="activities.register", write=True)
def registration_create(request: Any, number: str) -> HttpResponse:
    """Register, with what only the learner can say; POST without the form's fields is the one press of who returns."""
    activity = access.public(number)
    newest = registrations.of_person(activity, request.actor.person_id)
    if request.method == "GET" and newest is not None and newest.status != RegistrationStatus.CANCELLED:
        return redirect("activities:registration_detail", number)
    form = RegistrationForm(
        request.POST if request.method == "POST" else None,
        registration=newest or registrations.latest(request.actor.person_id),
    )
    if request.method == "POST" and form.is_valid():
        try:
            registrations.register(activity_id=activity.pk, by=request.actor, answers=form.answers())
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("activities:registration_detail", number)
    context = {"form": form, "detail": activity_page.detail(activity, request.actor), "activity": activity}
    return render(request, "activities/registration_create.html", context)


@page(perm="activities.register", write=True)
def registration_detail(request: Any, number: str) -> HttpResponse:
    """The registration: when, where, the room's link, the answers; POST changes the answers."""
    activity = access.public(number)
    mine = registrations.of_person(activity, request.actor.person_id)
    if mine is None or mine.status == RegistrationStatus.CANCELLED:
        return redirect(activity)
    form = RegistrationForm(request.POST if request.method == "POST" else None, registration=mine, keep_consent=True)
    if request.method == "POST" and form.is_valid():
        registrations.change_answers(activity_id=activity.pk, by=request.actor, answers=form.answers())
        messages.success(request, _("Your answers are saved."))
        return redirect("activities:registration_detail", number)
    return render(request, "activities/registration_detail.html", _registration_context(request, activity, mine, form))


@page(perm="activities.register", write=True)
def registration_cancel(request: Any, number: str) -> HttpResponse:
    """Give the place back; the activity's page offers to undo it."""
    activity = access.public(number)
    if request.method == "POST":
        registrations.cancel(activity_id=activity.pk, by=request.actor)
    return redirect(activity)


@page(perm="activities.register", write=True)
def registration_undo(request: Any, number: str) -> HttpResponse:
    """Take a cancellation back."""
    activity = access.public(number)
    if request.method == "POST":
        registrations.undo_cancel(activity_id=activity.pk, by=request.actor)
    return redirect("activities:registration_detail", number)


@page(perm="activities.register", write=True)
def registration_accept(request: Any, number: str) -> HttpResponse:
    """Take the place that was offered."""
    activity = access.public(number)
    if request.method == "POST":
        registrations.accept_offer(activity_id=activity.pk, by=request.actor)
    return redirect("activities:registration_detail", number)


def _detail_context(request: Any, activity: Activity) -> dict[str, Any]:
    found = activity_page.panels("activity", activity, request.actor)
    return {
        "activity": activity,
        "detail": activity_page.detail(activity, request.actor),
        "handouts": handouts.of_learner(activity, request.actor.person_id),
        # Each block is drawn with its own names, so that no app's context overwrites another's.
        "panels": [render_to_string(panel.template, panel.context, request) for panel in found],
    }


def _registration_context(
    request: Any, activity: Activity, mine: Registration, form: RegistrationForm
) -> dict[str, Any]:
    waiting = mine.status == RegistrationStatus.WAITING and mine.offered_until is None
    return {
        "activity": activity, "registration": mine, "form": form, "detail": activity_page.detail(activity, request.actor),
        "position": registrations.queue_position(mine) if waiting else None, "edit": request.method == "POST",
        "handouts": handouts.of_learner(activity, request.actor.person_id),
    }  # fmt: skip
