"""For who cannot read their mailbox any more and so gets no code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.domain import mailbox
from accounts.sign_in_forms import MailboxForm
from common.errors import DomainError
from common.page import page


@page(public=True, write=True)
def mailbox_request(request: HttpRequest) -> HttpResponse:
    """Ask the office for another address. The answer is the same whoever asks."""
    form = MailboxForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            mailbox.ask(**form.cleaned_data)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect(reverse("accounts:mailbox_request") + "?sent=1")
    context = {"form": form, "sent": request.method == "GET" and "sent" in request.GET}
    return render(request, "accounts/mailbox_request.html", context)
