"""Where the carrier brings text messages, in the format that Twilio publishes."""

import base64
import hashlib
import hmac
from typing import Any
from xml.sax.saxutils import escape

import structlog
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.views.decorators.csrf import csrf_exempt

from activities.domain import texting
from common.errors import Invalid
from common.page import page

log = structlog.get_logger()
MOST_SID = 64


@csrf_exempt
@page(public=True, write=True)
def text_message(request: Any) -> HttpResponse:
    """One message in, one answer out. Only who knows our token can sign it; without a token there is no such page."""
    if not settings.SMS_AUTH_TOKEN:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    expected = signature(settings.PORTAL_BASE_URL + request.get_full_path(), request.POST, settings.SMS_AUTH_TOKEN)
    given = request.headers.get("X-Twilio-Signature", "")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        log.warning("text_message_unsigned")
        return HttpResponse("The signature does not fit.", status=403, content_type="text/plain; charset=utf-8")
    sid, sender = request.POST.get("MessageSid", ""), request.POST.get("From", "")
    if not 0 < len(sid) <= MOST_SID or not sid.isalnum():
        return HttpResponse("MessageSid is missing.", status=400, content_type="text/plain; charset=utf-8")
    try:
        reply = texting.receive(sid=sid, sender=sender, body=request.POST.get("Body", "")).body
    except Invalid:  # a short code or a name: nobody to answer
        reply = ""
    return HttpResponse(answer(reply), content_type="text/xml; charset=utf-8")


def signature(url: str, fields: QueryDict, token: str) -> str:
    """HMAC-SHA1 over the address and every field, sorted by name, name and value without anything between."""
    text = url + "".join(name + value for name in sorted(fields) for value in sorted(set(fields.getlist(name))))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def answer(text: str) -> str:
    """The answer as TwiML; silence is an empty one."""
    message = f"<Message>{escape(text)}</Message>" if text else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
