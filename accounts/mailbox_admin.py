"""Lost mailboxes in the admin: read the request, give the address to somebody, or decline."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.domain import mailbox
from accounts.domain.profile import main_emails
from accounts.models import MailboxRequest, Person
from common.admin import PortalModelAdmin
from common.forms import PortalForm
from common.widgets import Choices, Tick

OTHER = "other"


class GiveForm(PortalForm):
    """Whose request it is, and how the office made sure."""

    person = forms.ChoiceField(label=_("Whose request is it?"), widget=Choices)
    number = forms.IntegerField(
        label=_("Number of another record"), required=False, min_value=1, help_text=_("The last number in the address of the person’s page."),
    )  # fmt: skip
    old_is_lost = forms.BooleanField(
        label=_("Take the addresses before off"), required=False, widget=Tick,
        help_text=_("When somebody else may read them now, such as a former employer. They sign in no more."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("How did you make sure that it is them?"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Called back on a number we had before, seen in person, vouched for by their department. An answer by e-mail proves nothing."),
    )  # fmt: skip
    required_messages = {
        "person": _("Choose the person, or “Another record”."),
        "note": _("Say what you did to make sure, in a sentence."),
    }

    def __init__(self, *args: Any, found: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        emails = main_emails([p.pk for p in found])
        listed = [(str(p.pk), f"{p.name_with_degrees}, {emails.get(p.pk, _('no address'))}") for p in found]
        self.fields["person"].choices = [*listed, (OTHER, _("Another record"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = data.pop("number", None)
        chosen = data.pop("person", "")
        data["person_id"] = number if chosen == OTHER else int(chosen or 0)
        if chosen == OTHER and not Person.objects.filter(pk=number or 0).exists():
            self.add_error("number", _("No record has this number. Look it up under People."))
        return data


class DeclineForm(PortalForm):
    note = forms.CharField(
        label=_("Why?"), widget=forms.Textarea(attrs={"rows": 3}), help_text=_("It stands in the record and is not sent."),
    )  # fmt: skip
    required_messages = {"note": _("Say why, in a sentence.")}


@admin.register(MailboxRequest)
class MailboxRequestAdmin(PortalModelAdmin):
    """What waits comes first."""

    list_display = ("created_at", "name", "old_email", "new_email", "state", "settled_by")
    list_filter = ("outcome",)
    search_fields = ("name", "old_email", "new_email")
    ordering = ("-settled_at", "-created_at")
    fields = readonly_fields = (
        "name", "old_email", "new_email", "text", "created_at", "person", "outcome", "note", "settled_at", "settled_by",
    )  # fmt: skip
    actions_detail = ("give", "decline")

    @admin.display(description=_("State"), ordering="settled_at")
    def state(self, row: MailboxRequest) -> str:
        return row.get_outcome_display() if row.settled_at else str(_("Waits for the office"))

    @action(description=_("Give the address"), url_path="give")
    def give(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, MailboxRequest.objects.all())
        form = GiveForm(request.POST or None, found=list(mailbox.candidates(row)))
        return self.act_page(
            request, form, partial(mailbox.give, request_id=row.pk), obj=row, title=f"{row.name}: {row.new_email}",
            text=_("Lost: %(old)s. “%(text)s” They sign in with the new address once they prove it by a code. Every address they have is told.")
            % {"old": row.old_email or _("not said"), "text": row.text or "–"},
            button=_("Give the address"), done=_("Given. The new address and the ones before are told."),
        )  # fmt: skip

    @action(description=_("Decline"), url_path="decline")
    def decline(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.object_for_act(request, object_id, MailboxRequest.objects.all())
        return self.act_page(
            request, DeclineForm(request.POST or None), partial(mailbox.decline, request_id=row.pk), obj=row,
            title=f"{row.name}: {row.new_email}", text=_("The new address is told to call the office, and nothing else."),
            button=_("Decline"), done=_("Declined."), danger=True,
        )  # fmt: skip
