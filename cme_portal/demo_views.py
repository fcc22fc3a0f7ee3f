"""The demo: sign in as anybody, read every e-mail, move the clock. Included only with PORTAL_DEMO=1 (decision 26)."""

import datetime as dt

from django.contrib.auth import login
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.models import Provider, User
from activities.domain import texting
from activities.models import TextMessage
from common import clock, codes
from common.errors import DomainError
from common.models import OutboxAttachment, OutboxMessage
from common.page import page
from common.views import file_response

ACCOUNTS = (
    ("physician", _("Physician"), _("Check in, claim credit, read the transcript"), "/"),
    ("nurse", _("Nurse"), _("The same for a learner who is no physician"), "/"),
    ("planner", _("Activity director"), _("Turn a gap in practice into an activity"), "/plan/"),
    ("coordinator", _("Coordinator"), _("Run a series week by week"), "/plan/"),
    ("speaker", _("Speaker"), _("Disclose relationships, see your talk"), "/"),
    ("reviewer", _("Reviewer"), _("Read an application"), "/"),
    ("staff", _("CME staff"), _("Review, designate, publish"), "/admin/"),
    ("director", _("CME director"), _("The same, and waivers and roles"), "/admin/"),
    ("dean", _("Dean"), _("Leadership’s view"), "/"),
)


@page(public=True)
def index(request: HttpRequest) -> HttpResponse:
    """Who can be played, one button each."""
    domain = Provider.current().office_email.split("@")[-1]
    users = {
        u.email: u
        for u in User.objects.filter(email__in=[f"{name}@{domain}" for name, *_rest in ACCOUNTS]).select_related(
            "person"
        )
    }
    rows = [(users.get(f"{name}@{domain}"), role, what) for name, role, what, _to in ACCOUNTS]
    return render(request, "demo/index.html", {"rows": [r for r in rows if r[0]], "now": clock.now()})


@page(public=True, write=True)
def sign_in_as(request: HttpRequest, user_id: int) -> HttpResponse:
    """Sign in without a code."""
    user = get_object_or_404(User, pk=user_id)
    if request.method == "POST":
        login(request, user, backend="accounts.backends.RulesBackend")
        name = user.email.split("@")[0]
        return redirect(next((to for key, _r, _w, to in ACCOUNTS if key == name), "/"))
    return redirect("demo:index")


@page(public=True)
def mail(request: HttpRequest) -> HttpResponse:
    """Every e-mail of the demo, newest first; ?to= narrows to one address."""
    messages = OutboxMessage.objects.annotate(files=Count("attachments")).order_by("-pk")
    to = request.GET.get("to", "").strip().lower()
    if to:
        messages = messages.filter(to=to)
    return render(
        request, "demo/mail.html", {"page": Paginator(messages, 50).get_page(request.GET.get("page")), "to": to}
    )


@page(public=True)
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One e-mail as text with its links live, and as it looks."""
    found = get_object_or_404(OutboxMessage, pk=pk)
    if "html" in request.GET:
        response = HttpResponse(found.html)
        # An e-mail styles itself inline; nothing on this page may run or load (decision 25).
        response._csp_replace = {"default-src": "'none'", "style-src": "'unsafe-inline'", "script-src": "'none'"}  # type: ignore[attr-defined]
        return response
    return render(request, "demo/message.html", {"message": found, "attachments": found.attachments.defer("content")})


@page(public=True)
def attachment(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """A file that went with an e-mail, as its receiver gets it."""
    found = get_object_or_404(OutboxAttachment, message=pk, pk=part)
    return file_response(bytes(found.content), found.name, found.content_type)


@page(public=True, write=True)
def clock_page(request: HttpRequest) -> HttpResponse:
    """Move the present, by hours from the real time."""
    if request.method == "POST":
        try:
            hours = float(request.POST.get("hours", "0"))
        except ValueError:
            hours = 0.0
        clock.move(dt.timedelta(hours=max(-24 * 400, min(hours, 24 * 400))))
        return redirect("demo:clock")
    return render(request, "demo/clock.html", {"now": clock.now(), "zone": Provider.current().zone})


@page(public=True, write=True)
def text(request: HttpRequest) -> HttpResponse:
    """A phone in the browser: what it texts goes the way of a real message, and the answer stands below."""
    sender, problem = request.POST.get("from", request.GET.get("from", "202-555-0123")), ""
    if request.method == "POST":
        try:
            texting.receive(sid=f"SM{codes.make(30)}", sender=sender, body=request.POST.get("body", ""))
        except DomainError as error:
            problem = str(error)
        else:
            return redirect(f"{reverse('demo:text')}?{urlencode({'from': sender})}")
    rows = TextMessage.objects.select_related("reply").order_by("-pk")[:12]
    context = {"rows": rows, "sender": sender, "problem": problem, "zone": Provider.current().zone}
    return render(request, "demo/text.html", context)


@page(public=True)
def patterns(request: HttpRequest) -> HttpResponse:
    """Every part of the design system on one page."""
    return render(request, "demo/patterns.html")
