"""Forms about the organisations an activity is planned with (APP-1, SII-E-5)."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import AssessmentQuestion, OrganisationKind
from activities.forms.base import DraftForm
from activities.models import JointProvider
from common import widgets
from common.forms import PortalForm

YES_NO = [("yes", _("Yes")), ("no", _("No"))]
ACCREDITED: Any = _("Is it accredited to provide CME?")
ACCREDITED_HINT: Any = _("By ACCME, a state medical society or Joint Accreditation. If you don’t know, say no.")


def yes_no(label: Any, help_text: Any = "") -> forms.TypedChoiceField:
    """Yes or no, or not answered yet."""
    return forms.TypedChoiceField(
        label=label,
        help_text=help_text,
        choices=YES_NO,
        coerce=_is_yes,
        empty_value=None,
        widget=widgets.Choices(inline=True),
    )


def _is_yes(value: Any) -> bool:
    return value in {"yes", True}


def _word(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


class JointProviderForm(PortalForm):
    """Name an organisation; one we know by this name is used again."""

    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("In full, as it will stand in the accreditation statement."),
        widget=forms.TextInput(attrs={"list": "known-organizations", "autocomplete": "off"}),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("What is it?"), choices=[("", _("Choose")), *OrganisationKind.choices])
    is_accredited = yes_no(ACCREDITED, ACCREDITED_HINT)
    required_messages: Mapping[str, Any] = {
        "name": _("Write the organization’s name in full."), "kind": _("Choose what kind of organization it is."),
        "is_accredited": _("Say whether it is accredited to provide CME; if you don’t know, say no."),
    }  # fmt: skip

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout("name", "kind", "is_accredited")
        return helper


class PartnerForm(DraftForm):
    """One named organisation: accredited or not, and its self-assessment until the office has decided about it."""

    is_accredited = yes_no(ACCREDITED, ACCREDITED_HINT)
    makes_products = yes_no(AssessmentQuestion.MAKES_PRODUCTS.label)
    advocates_for_ineligible = yes_no(AssessmentQuestion.ADVOCATES.label)
    educates_with_ineligible = yes_no(AssessmentQuestion.EDUCATES.label)
    shares_with_sister = yes_no(AssessmentQuestion.SHARES.label)
    sister_in_content = yes_no(AssessmentQuestion.SISTER_IN_CONTENT.label)
    sister_controls = yes_no(AssessmentQuestion.SISTER_CONTROLS.label)
    optional_fields = ()

    def __init__(self, *args: Any, row: JointProvider, **kwargs: Any) -> None:
        self.row = row
        initial = {"is_accredited": _word(row.is_accredited)}
        initial |= {name: _word(answer) for name, answer in row.organisation.answers.items()}
        super().__init__(*args, prefix=f"j{row.pk}", initial=initial, **kwargs)
        if row.organisation.is_decided:
            for name in AssessmentQuestion.values:
                del self.fields[name]

    @property
    def questions(self) -> list[forms.BoundField]:
        """The self-assessment; none once the office decided on it."""
        return [self[name] for name in AssessmentQuestion.values if name in self.fields]
