"""The pages everybody expects: help, contact, privacy, accessibility, the rules the software cites (decision 38)."""

import datetime as dt
import re
from functools import cache
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain.profile import main_emails
from accounts.models import Provider
from common import mail, ratelimit, reference
from common.errors import Conflict, DomainError
from common.forms import PortalForm
from common.page import page

PER_SENDER, ALL_TOGETHER, WINDOW = 5, 200, dt.timedelta(hours=1)
MARKS = {
    "P": gettext_lazy("Read on the issuer’s own page"),
    "S": gettext_lazy("Read in other sources that agree"),
    "U": gettext_lazy("Unconfirmed: ask your accreditor"),
}


class ContactForm(PortalForm):
    """A question to the CME office; what it is about helps the right person to answer."""

    TOPICS = (
        ("credit", gettext_lazy("My credit or certificate")),
        ("registration", gettext_lazy("A registration")),
        ("account", gettext_lazy("My account or e-mail address")),
        ("planning", gettext_lazy("Planning an activity")),
        ("access", gettext_lazy("Something I cannot use or read")),
        ("privacy", gettext_lazy("My data")),
        ("other", gettext_lazy("Something else")),
    )
    email = forms.CharField(
        label=gettext_lazy("Your e-mail address"), max_length=254, validators=[validate_email],
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip
    topic = forms.ChoiceField(
        label=gettext_lazy("What is it about?"), choices=[("", gettext_lazy("Choose one")), *TOPICS]
    )
    text = forms.CharField(
        label=gettext_lazy("Your message"), max_length=4000, widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy("Name the activity, the day and what you saw. Leave out patients’ data."),
    )  # fmt: skip
    required_messages = {
        "email": gettext_lazy("Write the address we can answer to."),
        "topic": gettext_lazy("Choose what it is about."),
        "text": gettext_lazy("Write your message."),
    }


@page(public=True)
def help_page(request: Any) -> HttpResponse:
    """Short answers by role."""
    return render(request, "pages/help.html")


@page(public=True, write=True)
def contact(request: Any) -> HttpResponse:
    """Write to the CME office. A refused message keeps its text."""
    form = ContactForm(request.POST if request.method == "POST" else None, initial=_known(request))
    if request.method == "POST" and form.is_valid():
        try:
            write_to_office(
                person=request.person, reference_code=getattr(request, "reference", ""), **form.cleaned_data
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            messages.success(
                request, _("Sent to the CME office. They answer to %(email)s.") % {"email": form.cleaned_data["email"]}
            )
            return redirect("pages:contact")
    return render(request, "pages/contact.html", {"form": form})


@page(public=True)
def privacy(request: Any) -> HttpResponse:
    """What is kept, why, for how long, who reads it."""
    return render(request, "pages/privacy.html")


@page(public=True)
def accessibility(request: Any) -> HttpResponse:
    """How the portal can be used, and what to do where it cannot."""
    return render(request, "pages/accessibility.html")


@page(public=True)
def rules(request: Any) -> HttpResponse:
    """Every rule that a page or message cites, under its id."""
    groups, checked_on = rulebook()
    return render(request, "pages/rules.html", {"groups": groups, "checked_on": checked_on})


def write_to_office(*, person: Any, email: str, topic: str, text: str, reference_code: str = "") -> None:
    """Put the message into the office's mailbox. Raises Conflict after too many from one sender, or from all."""
    email = email.strip().lower()
    within = ratelimit.hit("contact", email, limit=PER_SENDER, per=WINDOW) and ratelimit.hit(
        "contact_all", "", limit=ALL_TOGETHER, per=WINDOW
    )
    provider = Provider.current()
    if not within:
        raise Conflict(
            _("Several messages came from this address already. Write to %(email)s instead.")
            % {"email": provider.office_email}
        )
    about = str(dict(ContactForm.TOPICS)[topic])
    name = person.name_with_degrees if person else _("not signed in")
    facts = [(_("From"), email), (_("Name"), name), (_("About"), about), (_("Reference"), reference_code)]
    context = {"about": about, "sender": email, "text": text, "facts": [f for f in facts if f[1]]}
    with transaction.atomic(durable=True):
        mail.send(
            "contact_message",
            to=provider.office_email,
            to_name=provider.office_name,
            subject=_("Question: %(about)s") % {"about": about},
            context=context,
        )


@cache
def rulebook() -> tuple[list[tuple[str, list[dict[str, Any]]]], dt.date]:
    """The rules by who issued them, in their own order, and when they were last compared."""
    data = reference.read("rules")
    rows = [{**row, "mark": MARKS[row["mark"]]} for row in data["rules"]]
    order = list(dict.fromkeys(r["source"] for r in rows))
    rows.sort(key=lambda r: (order.index(r["source"]), _natural(r["id"])))
    return [(source, list(found)) for source, found in groupby(rows, key=lambda r: r["source"])], data["checked_on"]


def _natural(rule: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", rule) if part]


def _known(request: Any) -> dict[str, str]:
    """What needs no typing: who is signed in, and what the page that led here was about."""
    person = request.person
    found = {"email": main_emails([person.pk]).get(person.pk, "")} if person else {}
    topic = request.GET.get("about", "")
    return {**found, "topic": topic} if topic in dict(ContactForm.TOPICS) else found
