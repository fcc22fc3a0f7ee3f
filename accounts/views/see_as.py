"""The way back from seeing the portal as somebody else."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain import see_as
from accounts.enums import SeeAsEnd
from accounts.middleware import SEE_AS
from common.page import page


@page(perm="accounts.signed_in", write=True)
def see_as_stop(request: HttpRequest) -> HttpResponse:
    """Be oneself again. The one POST that is answered meanwhile; it runs as the member of the office."""
    if request.method != "POST" or SEE_AS not in request.session:
        return redirect("/")
    row = see_as.end(see_as_id=request.session.pop(SEE_AS), how=SeeAsEnd.STOPPED, by=request.actor)  # type: ignore[attr-defined]
    # A form that was drawn for the other person cannot be sent as oneself.
    rotate_token(request)
    if row is None:
        return redirect("/")
    messages.success(request, _("You are yourself again."))
    return redirect(reverse("admin:accounts_person_change", args=[row.person_id]))
