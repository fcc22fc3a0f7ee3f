"""Forms of signing in: one field, one code, one introduction."""

from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from accounts.enums import Profession
from common.forms import PortalForm


class SignInForm(PortalForm):
    email = forms.CharField(
        label=_("Your e-mail address"), max_length=254,
        help_text=_("We send a code. There is no password."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip
    required_messages = {"email": _("Write the e-mail address you use at work.")}


class CodeForm(PortalForm):
    code = forms.CharField(
        label=_("Code"), max_length=12, help_text=_("Six letters and numbers. We never use 0, O, 1 or I."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", "class": "code-input", "autofocus": True}
        ),
    )  # fmt: skip
    required_messages = {"code": _("Write the code from the e-mail.")}


class IntroductionForm(PortalForm):
    """What a first visitor tells us (decision 22): name, degree, profession, nothing more."""

    given_name = forms.CharField(
        label=_("First name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    family_name = forms.CharField(
        label=_("Last name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    degrees = forms.CharField(
        label=_("Degrees"), max_length=100, required=False, help_text=_("As on your certificate, for example MD, MPH or RN, BSN"),
        widget=forms.TextInput(attrs={"autocomplete": "honorific-suffix"}),
    )  # fmt: skip
    profession = forms.ChoiceField(label=_("Profession"), choices=[("", _("Choose one")), *Profession.choices])
    required_messages = {
        "given_name": _("Write your first name as it belongs on a certificate."),
        "family_name": _("Write your last name as it belongs on a certificate."),
        "profession": _("Choose your profession. It decides which credit you can claim."),
    }


def _email(label: Any, **more: Any) -> forms.CharField:
    widget = forms.EmailInput(
        attrs={"inputmode": "email", "autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
    )
    bad = EmailValidator(_("Write an e-mail address, for example elena@hospital.org."))
    return forms.CharField(label=label, max_length=254, widget=widget, validators=[bad], **more)


class MailboxForm(PortalForm):
    """A lost mailbox: who one is and where one is found now."""

    name = forms.CharField(
        label=_("Your name"), max_length=250, widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("As on your certificates."),
    )  # fmt: skip
    old_email = _email(_("The address you lost"), required=False)
    new_email = _email(_("Your new address"), help_text=_("Where the CME office can write to you now."))
    text = forms.CharField(
        label=_("How can the office make sure that it is you?"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A phone number we may know, your department, an activity you went to lately. Leave out patients’ data and license numbers."),
    )  # fmt: skip
    required_messages = {
        "name": _("Write your name."),
        "new_email": _("Write the address where you can be reached now."),
    }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new_email") and data["new_email"].strip().lower() == data.get("old_email", "").strip().lower():
            self.add_error("new_email", _("This is the address you lost. Write another one."))
        return data
