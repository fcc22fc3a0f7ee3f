"""Public verification of a certificate by its code (decision 9): what it says, and whether it still stands."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common import codes, ratelimit
from common.errors import Conflict
from common.page import page
from credits.domain import verification

WRONG_PER_MINUTE = 30


@page(public=True)
def verify(request: HttpRequest) -> HttpResponse:
    """Type the code of a certificate."""
    typed = request.GET.get("code", "").strip()
    if typed:
        return redirect("credits:verify_code", code=verification.written(codes.normalize(typed)))
    return render(request, "credits/verify.html", {"typed": typed})


@page(public=True)
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """What the certificate with this code says. Wrong codes are counted per device address."""
    device = request.META.get("REMOTE_ADDR", "")
    if ratelimit.used("verify_wrong", device) >= WRONG_PER_MINUTE:
        raise Conflict("Too many codes from here in one minute. Wait a minute and try again.")
    found = verification.find(code)
    if found is None and (transcript := verification.find_transcript(code)):
        return render(
            request, "credits/verify_transcript.html", {"found": transcript, "says": transcript.document.snapshot}
        )
    if found is None:
        ratelimit.hit("verify_wrong", device, limit=WRONG_PER_MINUTE, per=dt.timedelta(minutes=1))
        return render(request, "credits/verify.html", {"typed": code, "unknown": True}, status=404)
    return render(request, "credits/verify_code.html", {"found": found, "facts": found.certificate.snapshot["facts"]})
