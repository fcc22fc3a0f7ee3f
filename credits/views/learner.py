"""The learner's pages: home, check-in, claim, certificate."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from activities.domain import attendance, changing, checkout, handouts, registrations, ways
from activities.enums import CheckInWay
from activities.models import Session
from common import clock, devices
from common import views as answers
from common.errors import DomainError
from common.page import page, sign_in_first
from credits import access
from credits.domain import certificates, facts, overview, requirements
from credits.enums import CertificateStatus
from credits.forms import CheckInForm
from credits.models import Certificate, CertificateFile
from integrity.domain import disclosure_text

RECENT, COMING, HANDOUTS = 8, 5, 5
SCANS, SCANS_KEPT = "scans", 4  # in the browser's session: session id → when its changing code was scanned


@page(public=True)
def home(request: HttpRequest) -> HttpResponse:
    """What is due, what comes, what was earned; visitors go to the catalogue."""
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        return redirect("activities:catalogue")
    person = request.person  # type: ignore[attr-defined]
    context = {
        "to_claim": overview.to_claim(person), "coming": registrations.coming_up(person, limit=COMING),
        "open_now": attendance.open_sessions(person.pk), "earned": overview.earned(person, limit=RECENT), "form": CheckInForm(),
        "handouts": handouts.at_hand(person.pk, limit=HANDOUTS), "watched": requirements.watched(person),
    }  # fmt: skip
    return render(request, "credits/home.html", context)


@page(perm="accounts.signed_in", write=True)
def check_in(request: HttpRequest) -> HttpResponse:
    """Type the code from the room's screen."""
    actor = request.actor  # type: ignore[attr-defined]
    person_id = actor.person_id
    form, device = CheckInForm(request.POST or None), devices.number(request)
    if request.method == "POST" and form.is_valid():
        try:
            session = attendance.session_of_code(typed=form.cleaned_data["code"], person_id=person_id)
            attendance.check_in(session_id=session.pk, person_id=person_id, method="code", device=device, by=actor)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return devices.keep(redirect("credits:checked_in", pk=session.pk), device)
    return render(request, "credits/check_in.html", {"form": form, "open_now": attendance.open_sessions(person_id)})


@page(public=True, write=True)
def check_in_by_screen(request: HttpRequest, token: str) -> HttpResponse:
    """What a QR code that changes opens. That it was fresh is remembered in this browser, so that signing in and
    reading take the time they take."""
    _note_scan(request, token)
    if not request.actor.is_authenticated:  # type: ignore[attr-defined]
        return sign_in_first(request)
    session = attendance.session_of_scan(
        token=token,
        person_id=request.actor.person_id,  # type: ignore[attr-defined]
        scanned_at=_scanned_at(request, token),
    )
    return _check_in_to(request, session)


def _note_scan(request: HttpRequest, token: str) -> None:
    """Keep in the browser's session that a fresh code was scanned; the last few are enough."""
    scan = changing.read(token)
    if scan is None or not scan.fresh or request.method != "GET":
        return
    kept = request.session.get(SCANS, {})
    kept = dict(sorted(kept.items(), key=lambda item: item[1])[-SCANS_KEPT:])
    request.session[SCANS] = kept | {str(scan.session_id): int(clock.now().timestamp())}


def _scanned_at(request: HttpRequest, token: str) -> dt.datetime | None:
    scan = changing.read(token)
    noted = request.session.get(SCANS, {}).get(str(scan.session_id)) if scan else None
    return None if noted is None else dt.datetime.fromtimestamp(noted, dt.UTC)


@page(perm="accounts.signed_in", write=True)
def check_in_by_qr(request: HttpRequest, code: str) -> HttpResponse:
    """What a QR code opens: the session, its disclosures, and the button that checks in (decision 17)."""
    person_id = request.actor.person_id  # type: ignore[attr-defined]
    return _check_in_to(request, attendance.session_of_code(typed=code, person_id=person_id))


def _check_in_to(request: HttpRequest, session: Session) -> HttpResponse:
    ways.require(session.activity, CheckInWay.CODE)
    block = disclosure_text.block(session.activity, session)
    if request.method == "POST":
        device = devices.number(request)
        sha = block.sha256 if request.POST.get("disclosure") == block.sha256 else ""
        attendance.check_in(
            session_id=session.pk,
            person_id=request.actor.person_id,  # type: ignore[attr-defined]
            method="qr",
            disclosure_sha=sha,
            device=device,
            by=request.actor,  # type: ignore[attr-defined]
        )
        return devices.keep(redirect("credits:checked_in", pk=session.pk), device)
    return render(
        request, "credits/check_in_qr.html", {"session": session, "activity": session.activity, "disclosure": block}
    )


@page(perm="accounts.signed_in")
def checked_in(request: HttpRequest, pk: int) -> HttpResponse:
    """You are in: when, how, what was disclosed, what happens next."""
    session, evidence = access.attended(request.actor, pk)  # type: ignore[attr-defined]
    known = facts.load(request.person, session.activity)  # type: ignore[attr-defined]
    mine = next((s for s in known.sessions if s.id == session.pk), None)
    context = {
        "session": session, "activity": session.activity, "evidence": evidence, "disclosure": disclosure_text.block(session.activity, session),
        "facts": known, "opens_at": known.opens_at(mine) if mine else None, "closes_at": known.closes_at(mine) if mine else None,
        "presence": checkout.presence(session, request.person),  # type: ignore[attr-defined]
        "is_over": known.now >= session.ends_at, "is_open": bool(mine and known.now >= known.opens_at(mine)), "handouts": handouts.of_learner(session.activity, request.actor.person_id, attended=True),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "credits/checked_in.html", context)


@page(perm="accounts.signed_in", write=True)
def check_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Leaving early, or back again: one button each on the page of the check-in."""
    session, _evidence = access.attended(request.actor, pk)  # type: ignore[attr-defined]
    if request.method == "POST":
        act = checkout.come_back if request.POST.get("action") == "back" else checkout.check_out
        act(session_id=session.pk, person_id=request.actor.person_id, by=request.actor)  # type: ignore[attr-defined]
    return redirect("credits:checked_in", pk=session.pk)


@page(perm="accounts.signed_in")
def claimed(request: HttpRequest, pk: int) -> HttpResponse:
    """The certificate, or the page that waits for it; htmx asks again by itself, without it a button does."""
    own = access.own_claim(request.actor, pk)  # type: ignore[attr-defined]
    certificate = Certificate.objects.filter(claim=own).order_by("-number").first()
    if certificate is not None and certificate.status in {CertificateStatus.PREPARING, CertificateStatus.ON_REQUEST}:
        template = "credits/partials/_waiting.html" if request.htmx else "credits/claimed.html"  # type: ignore[attr-defined]
    else:
        template = "credits/partials/_ready.html" if request.htmx else "credits/claimed.html"  # type: ignore[attr-defined]
    return render(
        request,
        template,
        {
            "claim": own,
            "activity": own.activity,
            "certificate": certificate,
            "total": own.totals.select_related("credit_type").first(),
            "stuck": certificate is not None and certificates.is_stuck(certificate),
        },
    )


@page(perm="accounts.signed_in", write=True)
def certificate(request: HttpRequest, code: str) -> HttpResponse:
    """The PDF itself; one that waited to be asked for is rendered by a button."""
    row = access.own_certificate(request.actor, code)  # type: ignore[attr-defined]
    if request.method == "POST":
        if "email" in request.POST:
            certificates.email_again(certificate_id=row.pk, by=request.actor)  # type: ignore[attr-defined]
        else:
            certificates.show(certificate_id=row.pk, by=request.actor)  # type: ignore[attr-defined]
        return redirect("credits:claimed", pk=row.claim_id)
    content = CertificateFile.objects.filter(certificate=row).values_list("content", flat=True).first()
    if content is None:
        return redirect("credits:claimed", pk=row.claim_id)
    return answers.file_response(
        bytes(content), f"certificate-{row.code}.pdf", "application/pdf", inline="download" not in request.GET
    )
