"""Forms of the learner's flow."""

import uuid
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PortalForm
from credits.entitlement import SessionVerdict
from credits.models import ClaimRequest


class CheckInForm(PortalForm):
    code = forms.CharField(
        label=_("Session code"), max_length=12, help_text=_("Six letters and numbers. We never use 0, O, 1 or I."),
        widget=forms.TextInput(attrs={"class": "code-input", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    required_messages = {"code": _("Write the code from the screen in the room.")}


class ClaimForm(forms.Form):
    """One decimal per session that can be claimed, named s<id>; the page writes the steppers itself."""

    def __init__(
        self, data: Any, *, verdicts: list[SessionVerdict], offered: dict[int, Decimal], by_quarter: bool
    ) -> None:
        super().__init__(data)
        self.verdicts, self.offered, self.by_quarter = verdicts, offered, by_quarter
        self.problems: dict[int, str] = {}

    def choices(self) -> dict[int, Decimal]:
        """Session id → credit. Fills `problems` for what is no number."""
        found: dict[int, Decimal] = {}
        for verdict in self.verdicts:
            key = verdict.session.id
            typed = self.data.get(f"s{key}", "")
            if not self.by_quarter:
                found[key] = verdict.cap if typed else Decimal("0.00")
                continue
            try:
                found[key] = Decimal(typed.strip().replace(",", ".") or "0").quantize(Decimal("0.01"))
            except InvalidOperation:
                self.problems[key] = str(_("Write a number such as 0.75."))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Each session with what to show in its stepper."""
        return [
            {
                "verdict": v, "name": f"s{v.session.id}", "cap": v.cap, "problem": self.problems.get(v.session.id, ""),
                "value": self.data.get(f"s{v.session.id}", "") if self.is_bound else self.offered.get(v.session.id, Decimal("0.00")),
                "checked": bool(self.data.get(f"s{v.session.id}")) if self.is_bound else bool(self.offered.get(v.session.id, v.minutes)),
            }
            for v in self.verdicts
        ]  # fmt: skip

    def form_key(self) -> uuid.UUID:
        """The key of the opened page; a broken one is a new one."""
        try:
            return uuid.UUID(self.data.get("form_key", ""))
        except ValueError:
            return uuid.uuid4()


class AskForm(PortalForm):
    """ "I was there": what the coordinator may want to know."""

    note = forms.CharField(
        label=_("What helps to find you"), required=False, max_length=300,
        help_text=_("For instance: I signed the paper list; I joined from my office."),
    )  # fmt: skip


class DecideRequestsForm(PortalForm):
    """Many requests at once: the page writes a box per person."""

    requests = forms.TypedMultipleChoiceField(label=_("People"), coerce=int, widget=forms.CheckboxSelectMultiple)
    action = forms.ChoiceField(choices=[("confirm", ""), ("refuse", "")], widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Why not"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only to refuse. The learners read it."),
    )  # fmt: skip
    required_messages = {"requests": _("Choose at least one person.")}

    def __init__(self, data: Any, *, rows: Sequence[ClaimRequest]) -> None:
        super().__init__(data)
        self.fields["requests"].choices = [(row.pk, row.person.full_name) for row in rows]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("action") == "refuse" and not data.get("reason", "").strip():
            self.add_error("reason", _("Say why. The learners read it."))
        return data
