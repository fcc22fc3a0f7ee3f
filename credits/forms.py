"""Forms of the learner's flow."""

import re
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PortalForm
from common.widgets import DecimalInput
from credits.arithmetic import HOUR, QUARTER, ZERO
from credits.entitlement import CreditFacts, SessionVerdict, WorkVerdict
from credits.models import ClaimRequest

ONE = Decimal("1.00")
Choices = Mapping[int, Decimal]  # id of a session or a piece of work → how much of it


class CheckInForm(PortalForm):
    code = forms.CharField(
        label=_("Session code"), max_length=12, help_text=_("Six letters and numbers. We never use 0, O, 1 or I."),
        widget=forms.TextInput(attrs={"class": "code-input", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    required_messages = {"code": _("Write the code from the screen in the room.")}


def form_key(data: Mapping[str, str]) -> uuid.UUID:
    """The key of the opened page; a broken one is a new one."""
    try:
        return uuid.UUID(data.get("form_key", ""))
    except ValueError:
        return uuid.uuid4()


def posted_choices(data: Mapping[str, str]) -> tuple[Choices, Choices] | None:
    """What a posted page chose of sessions and of pieces of work, as `ClaimForm` reads it, without asking what can be
    chosen; None where something is no number."""
    chosen: dict[str, dict[int, Decimal]] = {"s": {}, "w": {}}
    for name, typed in data.items():
        if found := re.fullmatch(r"([sw])(-?\d{1,18})", name):
            try:
                chosen[found[1]][int(found[2])] = _number(typed)
            except InvalidOperation:
                return None
    return chosen["s"], chosen["w"]


def _number(typed: str) -> Decimal:
    """What was typed, with either decimal mark. Raises InvalidOperation for what is no number, "NaN" included."""
    value = Decimal(typed.strip().replace(",", ".") or "0")
    if value.is_nan():
        raise InvalidOperation
    return value.quantize(Decimal("0.01"))


class ClaimForm(forms.Form):
    """What is chosen: of each session (s<id>) and piece of work (w<id>) how much, in the measure of the leading credit type."""

    def __init__(
        self, data: Any, *, verdicts: Sequence[SessionVerdict], works: Sequence[WorkVerdict] = (), offered: Mapping[int, Decimal],
        lead: CreditFacts | None,
    ) -> None:  # fmt: skip
        super().__init__(data)
        self.verdicts, self.works, self.offered = verdicts, works, offered
        self.measure = lead.measure if lead else "whole"
        self.by_steps = self.measure == "credit" and lead is not None and lead.increment == QUARTER
        # The script adds quarters of an hour; another arithmetic shows its total on the certificate.
        self.live_total = (
            self.by_steps and lead is not None and lead.rounding == "quarter_nearest" and lead.hour == HOUR
        )
        self.problems: dict[str, str] = {}
        self.general: list[str] = []

    def choices(self) -> dict[int, Decimal]:
        """Session id → how much. Fills `problems` for what is no number."""
        return {v.session.id: self._read(f"s{v.session.id}", v, self.measure) for v in self.verdicts}

    def chosen_works(self) -> dict[int, Decimal]:
        """Id of a piece of work → how much."""
        return {v.work.id: self._read(f"w{v.work.id}", v, v.measure) for v in self.works}

    def _read(self, name: str, verdict: SessionVerdict | WorkVerdict, measure: str) -> Decimal:
        typed = self.data.get(name, "").strip()
        if measure == "whole":
            return max(verdict.cap, ONE) if typed else ZERO
        try:
            return _number(typed)
        except InvalidOperation:
            self.problems[name] = str(_("Write a number such as 0.75.") if measure == "credit" else _("Write whole minutes."))  # fmt: skip
            return ZERO

    def rows(self) -> list[dict[str, Any]]:
        """Each session with what to show in its field."""
        return [
            {"verdict": v, **self._row(f"s{v.session.id}", v, self.offered.get(v.session.id, ZERO))}
            for v in self.verdicts
        ]

    def work_rows(self) -> list[dict[str, Any]]:
        """Each piece of work, filled in whole."""
        return [{"verdict": v, "measure": v.measure, **self._row(f"w{v.work.id}", v, v.cap)} for v in self.works]

    def _row(self, name: str, verdict: SessionVerdict | WorkVerdict, offered: Decimal) -> dict[str, Any]:
        # After choosing another type a session may be new on the page: it is filled in as if it were opened.
        typed = self.data.get(name, offered if self.measure != "whole" else "") if self.is_bound else offered
        return {
            "name": name, "cap": verdict.cap, "problem": self.problems.get(name, ""),
            "value": typed, "checked": bool(typed),
        }  # fmt: skip


class AskForm(PortalForm):
    """ "I was there": what the coordinator may want to know."""

    note = forms.CharField(
        label=_("What helps to find you"), required=False, max_length=300,
        help_text=_("For instance: I signed the paper list; I joined from my office."),
    )  # fmt: skip


class AttestForm(PortalForm):
    """How long somebody attended; the sentence that they stand by is on the page."""

    minutes = forms.IntegerField(
        label=_("How many minutes did you attend?"), widget=DecimalInput(attrs={"class": "w-s"})
    )
    required_messages = {"minutes": _("Write how many minutes.")}

    def __init__(self, data: Any, *, most: int) -> None:
        super().__init__(data, initial={"minutes": most})
        self.fields["minutes"].help_text = _("The whole session has %(n)d.") % {"n": most}


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
