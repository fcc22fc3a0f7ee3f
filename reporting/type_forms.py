"""Forms of the credit types: a value that the rulebook leaves open, and the provider's terms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain import learner_fields
from accounts.enums import Profession
from activities.enums import ActivityKind
from common.forms import PortalForm
from common.widgets import Choices, DateInput, DecimalInput, MultiChoices
from credits import details
from credits.domain import types
from credits.enums import Partial, Rounding
from credits.models import CreditType

SOURCE: Any = _("A letter and its date, a handbook and its page, a call and with whom.")


class SettleForm(PortalForm):
    """One value, in the field that suits it, and who said so."""

    source = forms.CharField(label=_("Who says so"), max_length=250, help_text=SOURCE)
    required_messages = {"source": _("Say who told us: a letter with its date, a handbook with its page.")}
    field_order = ("value", "source")

    def __init__(self, data: Any, *, kind: CreditType, name: str) -> None:
        super().__init__(data)
        field = _field(kind, name)
        field.label = types.LABELS.get(name, name)
        field.show_optional = False  # type: ignore[attr-defined]
        self.fields["value"] = field
        self.order_fields(self.field_order)

    def answers(self) -> dict[str, str]:
        """What the domain takes: the value as text, lists with blanks between."""
        value = self.cleaned_data["value"]
        return {
            "value": " ".join(value) if isinstance(value, list) else str(value),
            "source": self.cleaned_data["source"],
        }


def _field(kind: CreditType, name: str) -> forms.Field:
    value: Any = kind.statement_text if name == "statement" else getattr(kind, name)
    chosen: dict[str, Any] = {"rounding": Rounding, "partial": Partial}
    listed: dict[str, Any] = {
        "activity_kinds": ActivityKind.choices, "planner_professions": Profession.choices, "professions": Profession.choices,
        "learner_fields": [(key, learner_fields.label(key)) for key in sorted(learner_fields.KEYS)],
        "designation_fields": [(d.name, d.label) for d in details.ALL.values()],
    }  # fmt: skip
    if name in chosen:
        return forms.ChoiceField(choices=chosen[name].choices, widget=Choices, initial=value, error_messages={"required": _("Choose one of them.")})  # fmt: skip
    if name in listed:
        return forms.MultipleChoiceField(choices=listed[name], widget=MultiChoices, required=False, initial=value)
    if name == "follows":
        return forms.ChoiceField(
            choices=[("", _("Nothing: it is claimed by itself")), ("ama_pra_1", _("AMA PRA credit"))], widget=Choices, required=False, initial=value,
        )  # fmt: skip
    if name == "statement":
        return forms.CharField(
            widget=forms.Textarea(attrs={"rows": 6}), initial=value, required=False,
            help_text=_("Word for word. {credits} stands for the number, {provider} for our name, {learning_format}, {title}, {uan} and {ceu} for theirs."),
        )  # fmt: skip
    return forms.CharField(widget=DecimalInput(attrs={"class": "w-s"}), required=False, initial="" if value is None else value)  # fmt: skip


class TermForm(PortalForm):
    """The provider may award a type for a time, by a letter of its accreditor."""

    number = forms.CharField(label=_("Provider or approval number"), max_length=60, required=False)
    starts_on = forms.DateField(label=_("First day"), widget=DateInput)
    ends_on = forms.DateField(label=_("Last day"), widget=DateInput)
    statement = forms.CharField(
        label=_("Accreditation statement"), required=False, max_length=3000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Word for word from the letter. It stands on materials and certificates for this type."),
    )  # fmt: skip
    required_messages = {
        "starts_on": _("Choose the first day of the term."),
        "ends_on": _("Choose the last day of the term."),
    }
