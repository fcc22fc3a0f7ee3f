"""The office's form for other amounts of a claim."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.admin import ReasonForm
from common.widgets import DecimalInput, Tick
from credits.domain.adjusting import Now

ONE = Decimal(1)


class NoteForm(ReasonForm):
    """A reason for the record, and a sentence that goes to the learner."""

    note = forms.CharField(
        label=_("A sentence to the learner"), required=False, help_text=_("Goes into the e-mail about it."), widget=forms.Textarea(attrs={"rows": 2})
    )  # fmt: skip


class AdjustForm(NoteForm):
    """Each session and piece of work that the record supports or that is claimed, with what is claimed of it."""

    optional_fields = ("note",)

    def __init__(self, data: Any, *, now: Now) -> None:
        super().__init__(data)
        measure = now.lead.measure if now.lead else "whole"
        self.caps: dict[str, Decimal] = {}
        for v in now.sessions:
            self._add(
                f"s{v.session.id}", v.session.title, v.reason, v.cap, measure, now.claimed.get(f"s{v.session.id}")
            )
        for w in now.works:
            self._add(f"w{w.work.id}", w.work.title, w.reason, w.cap, w.measure, now.claimed.get(f"w{w.work.id}"))
        for name, title in now.gone.items():
            self._add(name, title, _now("It is no longer on record"), Decimal("0.00"), measure if name[0] == "s" else "whole", now.claimed.get(name))  # fmt: skip
        self.names = [n for n in self.fields if n not in {"reason", "note"}]
        self.order_fields([*self.names, "reason", "note"])

    def _add(self, name: str, title: str, reason: str, cap: Decimal, measure: str, claimed: Decimal | None) -> None:
        field: forms.Field
        self.caps[name] = cap
        if measure == "whole":
            field = forms.BooleanField(
                label=title, help_text=reason, required=False, initial=bool(claimed), widget=Tick
            )
        else:
            most = _now("Minutes, at most %(cap)s") if measure == "minutes" else _now("At most %(cap)s")
            help_text = f"{most % {'cap': cap}}. {reason.rstrip('.')}."
            if claimed is not None and claimed > cap:
                help_text = f"{_now('Claimed: %(amount)s') % {'amount': claimed}}. {help_text}"
            field = forms.DecimalField(
                label=title, help_text=help_text, min_value=Decimal(0), decimal_places=2, required=False, initial=claimed or Decimal("0.00"),
                widget=DecimalInput(attrs={"class": "w-s"}), error_messages={"invalid": _now("Write a number such as 0.75.")},
            )  # fmt: skip
        self.fields[name] = field
        self.fields[name].show_optional = False  # type: ignore[attr-defined]

    def answers(self) -> dict[str, Any]:
        """What the domain takes."""
        data = self.cleaned_data
        # A tick takes the whole, as on the learner's own page.
        amounts = {n: max(self.caps[n], ONE) if data[n] is True else data[n] or Decimal("0.00") for n in self.names}
        return {
            "choices": {int(n[1:]): v for n, v in amounts.items() if n[0] == "s"},
            "works": {int(n[1:]): v for n, v in amounts.items() if n[0] == "w"},
            "reason": data["reason"], "note": data["note"],
        }  # fmt: skip


class KeepForm(ReasonForm):
    """Why a claim stands although the record supports less of it."""

    line = forms.IntegerField(widget=forms.HiddenInput)
    supported = forms.IntegerField(widget=forms.HiddenInput)
