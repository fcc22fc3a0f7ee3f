"""Forms of the profile."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import OptionalMail, Profession
from accounts.models import Person
from common.forms import PortalForm, PortalModelForm
from common.widgets import CodeInput, Tick


class DetailsForm(PortalModelForm):
    """Name, degrees, profession; a reason once the name stands on a certificate."""

    reason = forms.CharField(
        label=_("Why does your name change?"), max_length=250, required=False,
        help_text=_("Your name is on a certificate, so say why, for example “married name”. Issued certificates stay as they are."),
    )  # fmt: skip
    wants_certificates = forms.BooleanField(
        label=_("Ask the CME office to issue my certificates anew with this name"), required=False, widget=Tick,
        help_text=_("The office looks at it and writes to you. Without it nothing that was issued changes."),
    )  # fmt: skip
    required_messages = {
        "family_name": _("Write your last name as it belongs on a certificate."),
        "given_name": _("Write your first name as it belongs on a certificate."),
        "profession": _("Choose your profession. It decides which credit you can claim."),
    }

    class Meta:
        model = Person
        fields = ("given_name", "family_name", "degrees", "profession", "specialty")
        labels = {
            "given_name": _("First name"),
            "family_name": _("Last name"),
            "degrees": _("Degrees"),
            "profession": _("Profession"),
            "specialty": _("Specialty"),
        }
        help_texts = {
            "degrees": _("As on your certificate, for example MD, MPH or RN, BSN. MD and DO count as physician.")
        }
        widgets = {
            "given_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "family_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "degrees": forms.TextInput(attrs={"autocomplete": "honorific-suffix"}),
        }

    def __init__(self, *args: Any, reason_asked: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["given_name"].required = True
        self.fields["profession"].required = True
        self.fields["profession"].choices = [("", _("Choose one")), *Profession.choices]  # type: ignore[attr-defined]
        self.fields["given_name"].show_optional = self.fields["profession"].show_optional = False  # type: ignore[attr-defined]
        for name in ("given_name", "profession"):
            self.fields[name].error_messages["required"] = self.required_messages[name]
        if not reason_asked:
            del self.fields["reason"], self.fields["wants_certificates"]


class MailForm(PortalForm):
    """The e-mail one can do without: a tick for each kind."""

    reminders = forms.BooleanField(
        label=OptionalMail.REMINDERS.label, required=False, widget=Tick,
        help_text=_("The day before something you are registered for."),
    )  # fmt: skip

    def wanted(self) -> list[str]:
        return [kind for kind in OptionalMail.values if self.cleaned_data.get(kind)]


class AddressForm(PortalForm):
    email = forms.CharField(
        label=_("Another e-mail address"), max_length=254, help_text=_("We send a code there. Type it on the next page."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip
    required_messages = {"email": _("Write the address you want to add.")}


class AddressCodeForm(PortalForm):
    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        help_text=_("Six letters and numbers. We never use 0, O, 1 or I."),
        widget=CodeInput(attrs={"autocomplete": "one-time-code"}),
    )
    required_messages = {"code": _("Write the code from the e-mail.")}
