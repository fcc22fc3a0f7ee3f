"""Forms of the page at the door."""

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PortalForm


class WalkInForm(PortalForm):
    """Somebody who came without an account."""

    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("Their credit waits under this address until they sign in with it."),
    )  # fmt: skip
    required_messages = {"name": _("Write their name."), "email": _("Write their e-mail address.")}
    optional_fields = ()

    def make_helper(self) -> object:
        helper = super().make_helper()
        helper.layout = Layout("name", "email")
        return helper
