"""A tablet at the door: the planner's page that opens one, the tablet's own page, and where it brings what it kept."""

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities import access
from activities.domain import attendance, kiosks, ways
from activities.enums import CheckInWay, EntryKind
from activities.models import Kiosk, KioskEntry
from common import clock, qr
from common.actors import Actor
from common.errors import DomainError, Gone
from common.page import page


@page(perm="accounts.signed_in", write=True)
def session_kiosk(request: Any, number: str, pk: int) -> HttpResponse:
    """Kiosks of a session: a new link, shown once, and closing one."""
    session = access.plan_session(request.actor, number, pk)
    address = ""
    if request.method == "POST" and request.POST.get("action") == "close":
        key = request.POST.get("kiosk", "")
        kiosks.close_kiosk(session_id=session.pk, kiosk_id=int(key) if key.isdecimal() else 0, by=request.actor)
        messages.success(request, _("Closed. What it recorded stays."))
        return redirect("activities:session_kiosk", number, pk)
    if request.method == "POST":
        _kiosk, address = kiosks.open_kiosk(session_id=session.pk, by=request.actor)
    context = {
        "activity": session.activity, "session": session, "kiosks": kiosks.of_session(session), "address": address, "now": clock.now(),
        "qr": qr.svg(address, label=_("QR code of the kiosk’s link")) if address else "", "is_over": attendance.window(session)[1] < clock.now(),
        "is_taken": ways.takes(session.activity, CheckInWay.TABLET),
    }  # fmt: skip
    return render(request, "activities/session_kiosk.html", context)


@page(link=True, write=True)
def kiosk(request: Any, token: str) -> HttpResponse:
    """The tablet's page. Without a script it is a form like any other; with one it goes on while offline."""
    found = kiosks.resolve(token)
    if request.method == "POST":
        return _one(request, token, found)
    query, listed = request.GET.get("q", "").strip()[:100], kiosks.names(found.session)
    entry = _entry(found, request.GET.get("done", ""))
    context = {
        "kiosk": found, "token": token, "session": found.session, "activity": found.session.activity, "query": query, "entry": entry,
        "names": listed, "found": kiosks.like(listed, query), "present": attendance.present([found.session]).get(found.session_id, 0),
        "key": uuid.uuid4(), "whose": _whose(entry), "closes_at": attendance.window(found.session)[1],
        "scope": reverse("activities:kiosk_worker").rpartition("/")[0] + "/", "files": settings.STATIC_URL,
    }  # fmt: skip
    response = render(request, "activities/kiosk.html", context)
    response["X-Kiosk-Until"] = str(int(found.ends_at.timestamp() * 1000))  # how long the tablet keeps the page
    return response


@page(public=True)
def kiosk_worker(request: Any) -> HttpResponse:
    """The script that keeps the tablet's page for a reload without the network; from here its reach is the kiosks alone."""
    path = finders.find("js/kiosk-worker.js")
    assert isinstance(path, str)
    response = HttpResponse(Path(path).read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@page(link=True, write=True)
def kiosk_sync(request: Any, token: str) -> HttpResponse:
    """Entries that a tablet kept, as JSON; what was brought before gets the same answer."""
    try:
        found = kiosks.resolve(token)
        if request.method != "POST":
            return JsonResponse({"present": _present(found)})
        given, tablet_now = _read(request.body)
        done = [_put(found, item, tablet_now) for item in given]
    except Gone as error:
        return JsonResponse({"problem": str(error)}, status=410)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return JsonResponse({"problem": "Not understood."}, status=400)
    return JsonResponse({"done": done, "present": _present(found)})


def _present(found: Kiosk) -> int:
    return attendance.present([found.session]).get(found.session_id, 0)


def _by(found: Kiosk) -> Actor:
    return Actor(kind="link", label=f"kiosk {found.pk}, opened by {found.created_by}")


def _one(request: Any, token: str, found: Kiosk) -> HttpResponse:
    """One press without a script."""
    url, data = reverse("activities:kiosk", args=[token]), request.POST
    if data.get("badge"):
        person = kiosks.connect_badge(
            kiosk_id=found.pk, badge=data["badge"], email=data.get("email", ""), by=_by(found)
        )
        messages.success(request, _("The badge is %(name)s’s from now on.") % {"name": person.full_name})
        return redirect(url)
    kind, value = data.get("kind", ""), data.get("value", "").strip()
    if kind == "any" and value:
        if not kiosks.is_badge(value):
            return redirect(f"{url}?{urlencode({'q': value})}")
        kind = EntryKind.BADGE
    if kind not in EntryKind.values or not value:
        raise DomainError(_("Scan your badge, or write your name."))
    try:
        key = uuid.UUID(data.get("key", ""))
    except ValueError:
        key = uuid.uuid4()
    given = kiosks.Given(key, kind, value[:254], data.get("name", "").strip()[:200])
    entry = kiosks.receive(kiosk_id=found.pk, given=given, tablet_now=None, by=_by(found))
    return redirect(f"{url}?{urlencode({'done': str(entry.key)})}")


def _read(body: bytes) -> tuple[list[kiosks.Given], dt.datetime]:
    """What a tablet sent. Raises ValueError and the like for anything else."""
    sent = json.loads(body)
    rows = sent["entries"]
    if not isinstance(rows, list) or len(rows) > kiosks.MOST_AT_ONCE:
        raise ValueError("too many")
    given = [
        kiosks.Given(uuid.UUID(r["key"]), _kind(r["kind"]), str(r["value"]).replace("\x00", "")[:254], str(r.get("name", "")).replace("\x00", "")[:200], _time(r["at"]))
        for r in rows
    ]  # fmt: skip
    return given, _time(sent["now"])


def _kind(text: str) -> str:
    return EntryKind(text).value


def _time(text: str) -> dt.datetime:
    found = parse_datetime(text)
    if found is None or found.tzinfo is None or not 2000 < found.year < 2200:
        raise ValueError("no time")
    return found


def _put(found: Kiosk, given: kiosks.Given, tablet_now: dt.datetime) -> dict[str, str]:
    entry = kiosks.receive(kiosk_id=found.pk, given=given, tablet_now=tablet_now, by=_by(found))
    state = "problem" if entry.problem else "whose" if _whose(entry) else "in"
    return {"key": str(given.key), "state": state, "problem": entry.problem}


def _entry(found: Kiosk, key: str) -> KioskEntry | None:
    try:
        return KioskEntry.objects.filter(kiosk=found, key=uuid.UUID(key)).select_related("evidence__identity").first()
    except ValueError:
        return None


def _whose(entry: KioskEntry | None) -> bool:
    """Whether the badge is on record and nobody's yet."""
    if entry is None or entry.kind != EntryKind.BADGE or entry.evidence is None:
        return False
    return not entry.evidence.identity.links.filter(ended_at=None).exists()
