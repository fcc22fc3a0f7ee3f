"""What the office decides about check-in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from activities.enums import CheckInWay
from common.forms import PortalForm
from common.widgets import MultiChoices


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
