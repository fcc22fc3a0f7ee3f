"""What the office decides about check-in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from activities.enums import CheckInWay, LookedAt
from common.forms import PortalForm
from common.widgets import Choices, MultiChoices
from reporting.domain.check_ins import KINDS


class WaysForm(PortalForm):
    """The ways of getting on record that an activity takes."""

    ways = forms.MultipleChoiceField(
        label=_("How may people get on record here?"), choices=CheckInWay.choices, required=False,
        widget=MultiChoices(hints={
            CheckInWay.CODE: _("Shown in the room, typed or scanned after signing in."),
            CheckInWay.TEXT: _("The same code, sent by phone."),
            CheckInWay.TABLET: _("Badges and names on a tablet that a planner opens for one session."),
            CheckInWay.DOOR: _("Planners add people whom they see."),
            CheckInWay.SELF: _("After the session, within the time to claim, somebody registered states how long they attended. It stands in the record as their own word."),
        }),
    )  # fmt: skip
    optional_fields = ()


class LookedForm(PortalForm):
    """What somebody of the office found when they looked."""

    key = forms.CharField(max_length=120, widget=forms.HiddenInput)
    size = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("What did you find?"), choices=LookedAt.choices, widget=Choices)
    note = forms.CharField(
        label=_("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What somebody who reads this later should know."),
    )  # fmt: skip
    required_messages = {"outcome": _("Choose one.")}


class SignalFilter:
    """What the list of check-ins is narrowed to; anything else in the address is left alone."""

    @staticmethod
    def of(data: Any) -> dict[str, str]:
        kind = data.get("kind", "")
        return {
            "kind": kind if kind in KINDS else "",
            "activity": data.get("activity", "").strip()[:12],
            "show": "done" if data.get("show") == "done" else "",
        }
