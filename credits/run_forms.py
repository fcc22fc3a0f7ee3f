"""The form that asks for work over many certificates."""

from typing import Any

from crispy_forms.layout import Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from activities.models import Activity
from common import widgets
from common.forms import SpanForm
from common.templatetags.cme import local_date
from credits.domain.runs import Chosen
from credits.enums import RunKind


class RunForm(SpanForm):
    """What to do with whose certificates. Nothing happens before the next page is confirmed."""

    kind = forms.ChoiceField(
        label=_("What to do"), choices=RunKind.choices, initial=RunKind.ZIP,
        widget=widgets.Choices(
            hints={
                RunKind.MAKE: _("Those that wait to be opened for the first time, and claims that have none. No e-mail."),
                RunKind.ZIP: _("One signed PDF for each person, and a list."),
                RunKind.PDF: _("For printing: one page after the other, with bookmarks. Not signed."),
                RunKind.MAIL: _("To everybody who has not had the e-mail about it yet."),
            }
        ),
    )  # fmt: skip
    sessions = forms.MultipleChoiceField(label=_("Only these sessions"), required=False, widget=widgets.MultiChoices)
    since = forms.DateField(label=_("Attended from"), required=False, widget=widgets.DateInput)
    until = forms.DateField(label=_("to"), required=False, widget=widgets.DateInput)
    again = forms.BooleanField(label=_("Also e-mail those who had it before"), required=False, widget=widgets.Tick)
    required_messages = {"kind": _("Choose what to do.")}

    def __init__(self, *args: Any, activity: Activity | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.activity = activity
        if activity is None:
            del self.fields["sessions"]
            for name in ("since", "until"):
                self.fields[name].required = True
                self.fields[name].show_optional = False  # type: ignore[attr-defined]
                self.fields[name].error_messages["required"] = _("Choose a day.")
            return
        held = activity.sessions.filter(removed_at=None, kind="education").order_by("starts_at")
        self.fields["sessions"].choices = [  # type: ignore[attr-defined]
            (str(s.pk), f"{local_date(s.starts_at, activity.zone)}: {s.title}") for s in held
        ]
        if len(held) < 2:
            del self.fields["sessions"]

    def make_helper(self) -> Any:
        helper = super().make_helper()
        rest = ["sessions"] if "sessions" in self.fields else []
        helper.layout = Layout("kind", "again", *rest, Row("since", "until"))
        return helper

    def chosen(self) -> Chosen:
        data = self.cleaned_data
        return Chosen(self.activity, tuple(int(pk) for pk in data.get("sessions", ())), data["since"], data["until"])
