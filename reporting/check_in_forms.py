"""What the office decides about check-in."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from activities.domain import windows
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


class WindowForm(PortalForm):
    """An activity's own time to claim; what is left empty is as everywhere."""

    days = forms.IntegerField(
        label=_("Days to claim after the end"), required=False, min_value=1, max_value=windows.MOST_DAYS,
        error_messages={"invalid": _("Write a whole number of days.")},
    )  # fmt: skip
    minutes = forms.IntegerField(
        label=_("Minutes before the end from which it opens"), required=False, min_value=0, max_value=windows.MOST_MINUTES,
        error_messages={"invalid": _("Write a whole number of minutes.")},
    )  # fmt: skip

    def __init__(self, *args: Any, usual: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in usual.items():
            self.fields[name].help_text = _("Empty: %(n)d, as everywhere.") % {"n": value}


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
