"""Public verification (decision 9): what a certificate says, whether it still stands, and whether a file is unchanged."""

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common import clock, codes, ratelimit, uploads
from common.errors import Conflict
from common.page import page
from credits.domain import verification

WRONG_PER_MINUTE, FILES_PER_MINUTE = 30, 20
MINUTE = dt.timedelta(minutes=1)


@page(public=True, write=True, files=True)
def verify(request: HttpRequest) -> HttpResponse:
    """Type the code of a certificate, or bring its file."""
    if request.method == "POST":
        return render(request, "credits/verify.html", {"check": _check(request)})
    typed = request.GET.get("code", "").strip()
    if typed:
        return redirect("credits:verify_code", code=verification.written(codes.normalize(typed)))
    return render(request, "credits/verify.html", {"typed": typed})


@page(public=True, write=True, files=True)
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """What the certificate with this code says. Wrong codes are counted per device address."""
    device = request.META.get("REMOTE_ADDR", "")
    if ratelimit.used("verify_wrong", device) >= WRONG_PER_MINUTE:
        raise Conflict("Too many codes from here in one minute. Wait a minute and try again.")
    found = verification.find(code)
    check = _check(request) if request.method == "POST" else None
    if found is None and (transcript := verification.find_transcript(code)):
        context = {
            "found": transcript,
            "says": transcript.document.snapshot,
            "check": check,
            "sha256": transcript.document.sha256,
        }
        return render(request, "credits/verify_transcript.html", context)
    if found is None:
        ratelimit.hit("verify_wrong", device, limit=WRONG_PER_MINUTE, per=MINUTE)
        return render(request, "credits/verify.html", {"typed": code, "unknown": True}, status=404)
    row = found.certificate
    context = {"found": found, "facts": row.snapshot["facts"], "check": check, "sha256": row.sha256, "now": clock.now()}
    return render(request, "credits/verify_code.html", context)


def _check(request: HttpRequest) -> dict[str, Any]:
    """What a file that was brought says about itself; it is read once and not kept."""
    device = request.META.get("REMOTE_ADDR", "")
    if not ratelimit.hit("verify_file", device, limit=FILES_PER_MINUTE, per=MINUTE):
        raise Conflict("Too many files from here in one minute. Wait a minute and try again.")
    brought = request.FILES.get("file")
    if not isinstance(brought, UploadedFile) or not brought.size:
        return {"problem": "none"}
    if brought.size > uploads.limit():
        return {"problem": "large"}
    return {"file": verification.check_file(brought.chunks()), "name": brought.name}
