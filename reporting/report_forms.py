"""Forms of credit to report: what the list shows, and what became of the lines that were chosen."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PortalForm
from common.widgets import DateInput
from reporting.domain import due, ledger
from reporting.domain.due import Filters

_SELECT = {"class": "form-select"}


class ReportFilterForm(PortalForm):
    """What the list is narrowed to; nothing is required."""

    q = forms.CharField(
        label=_("Name, activity or reference"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search", "class": "form-control"}),
    )  # fmt: skip
    body = forms.ChoiceField(label=_("Told to"), required=False, widget=forms.Select(attrs=_SELECT))
    due = forms.ChoiceField(
        label=_("Due"), required=False, widget=forms.Select(attrs=_SELECT), choices=[("", _("Any day")), ("overdue", _("Overdue")), ("soon", _("Within seven days"))],
    )  # fmt: skip
    optional_fields = ()

    def __init__(self, *args: Any, bodies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].choices = [("", _("Everybody")), *((b, b) for b in bodies)]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        data = self.cleaned_data if self.is_valid() else {}
        state = self.data.get("state", "")
        return Filters(
            state if state in due.STATES else due.STATES[0],
            data.get("body", ""),
            data.get("due", ""),
            data.get("q", ""),
        )


class MarkForm(PortalForm):
    """What became of the lines: the day, and words where they are needed."""

    on = forms.DateField(label=_("Day"), widget=DateInput)
    text = forms.CharField(label=_("Reference"), max_length=2000)
    optional_fields: tuple[str, ...] = ()

    def __init__(self, data: Any, *, verb: str, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        if verb not in ledger.SAYS_WHEN:
            del self.fields["on"]
        else:
            self.fields["on"].error_messages["required"] = _("Write the day.")
            self.fields["on"].label = _("Sent on") if verb == "send" else _("Answered on")
        if verb in {"accept", "again"}:
            del self.fields["text"]
        elif verb == "send":
            self.fields["text"].required = False
            self.fields["text"].label = _("Reference")
            self.fields["text"].help_text = _("Name of the upload, so that an answer can be matched to it.")
            self.fields["text"].max_length = 120  # type: ignore[attr-defined]
            self.fields["text"].widget.attrs["maxlength"] = 120
        else:
            rejects = verb == "reject"
            self.fields["text"].label = _("What they wrote") if rejects else _("Reason")
            self.fields["text"].help_text = (
                _("Word for word. The learner reads it on the transcript.") if rejects else ""
            )
            self.fields["text"].error_messages["required"] = (
                _("Copy what they wrote; the learner reads it too.") if rejects else _("Say why; it stands in the record.")
            )  # fmt: skip
            if rejects:
                self.fields["text"].widget = forms.Textarea(attrs={"rows": 3})
