"""Forms of the office's desk."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Department
from activities.domain.reviews import Ask
from activities.enums import ActivityStatus, Section
from common.forms import PortalForm
from common.widgets import Choices, DateInput
from integrity.models import ExclusionException

MAX_REQUESTS = 20
EXCEPTIONS: Any = ExclusionException._meta.get_field("exception").choices


class QueueForm(PortalForm):
    """The queue's filters; nothing is required."""

    q = forms.CharField(
        label=_("Title, number or department"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control"}),
    )  # fmt: skip
    status = forms.ChoiceField(label=_("Stage"), required=False, widget=forms.Select(attrs={"class": "form-select"}))
    department = forms.ModelChoiceField(
        label=_("Department"), queryset=Department.objects.order_by("name"), required=False,
        empty_label=_("All departments"), widget=forms.Select(attrs={"class": "form-select"}),
    )  # fmt: skip
    mine = forms.BooleanField(
        label=_("Only mine"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    optional_fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = (
            ActivityStatus.SUBMITTED,
            ActivityStatus.IN_REVIEW,
            ActivityStatus.APPROVED,
            ActivityStatus.DESIGNATED,
        )
        stages = [
            ("", _("All stages")),
            *((s.value, s.label) for s in states),
            (ActivityStatus.PUBLISHED.value, _("Open, changed")),
        ]
        self.fields["status"].choices = stages  # type: ignore[attr-defined]


class RequestForm(PortalForm):
    """One change to ask for. A row left empty asks for nothing."""

    section = forms.ChoiceField(label=_("Section"), choices=Section.choices)
    text = forms.CharField(label=_("What to change"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    rule = forms.CharField(
        label=_("Rule"),
        required=False,
        max_length=20,
        help_text=_("For example ST-2."),
        widget=forms.TextInput(attrs={"class": "w-s"}),
    )
    optional_fields = ("rule",)

    def ask(self) -> Ask:
        data = self.cleaned_data
        return Ask(data["section"], data["text"], data["rule"].strip())

    def make_helper(self) -> FormHelper:
        helper = super().make_helper()
        helper.layout = Layout("text", Row(Column("section"), Column("rule")))
        return helper


class NoteForm(PortalForm):
    """What stands above the requests in the e-mail."""

    note = forms.CharField(label=_("A word to the planners"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(PortalForm):
    """The reason that others will read."""

    reason = forms.CharField(label=_("Reason"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    optional_fields: tuple[str, ...] = ()


class ConfirmForm(ReasonForm):
    """Agreeing to what changed after publishing (WF-11); `seen` names the changes on the page."""

    seen = forms.CharField(max_length=16, widget=forms.HiddenInput)
    required_messages = {"reason": _("Say why it is in order, in a sentence. It stands in the record.")}


class WaiverForm(ReasonForm):
    """An exception to a rule (WF-12)."""

    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=DateInput,
        help_text=_("Leave it empty if it holds for this activity for good."),
    )
    optional_fields = ("until",)


class DecideForm(PortalForm):
    """One relationship: related or not, and what is done about it (SII-3.3, 3.4)."""

    relevant = forms.ChoiceField(choices=[("yes", _("Related")), ("no", _("Not related"))], widget=Choices(inline=True))
    strategy = forms.ChoiceField(required=False)
    performed_by = forms.CharField(label=_("Reviewer, no relevant relationships"), required=False, max_length=520)
    rationale = forms.CharField(
        label=_("Why, or what is done"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    required_messages = {"relevant": _("Say whether it is related.")}
    optional_fields = ()

    def __init__(self, *args: Any, facts: dict[str, Any], **kwargs: Any) -> None:
        number = facts["relationship_id"]
        chosen = {True: "yes", False: "no", None: None}[facts["relevant"]]
        super().__init__(*args, auto_id=f"r{number}_%s", initial={"relevant": chosen}, **kwargs)
        self.facts = facts
        teaches = _("Is it related to what %(name)s will teach or plan?") % {"name": facts["person"].split(",")[0]}
        self.fields["relevant"].label = teaches
        strategy: Any = self.fields["strategy"]
        strategy.choices = [("", _("Not decided yet")), *facts["strategies"]]
        strategy.label = _("Mitigation")
        self.fields["rationale"].help_text = _("Needed when it is not related, or for another kind of mitigation.")
        self.reviewers_id = f"reviewers-{number}"
        self.fields["performed_by"].widget.attrs |= {"list": self.reviewers_id, "autocomplete": "off"}

    def make_helper(self) -> FormHelper:
        helper = super().make_helper()
        helper.layout = Layout("relevant", Row(Column("strategy"), Column("performed_by")), "rationale")
        return helper


class ExceptionForm(PortalForm):
    """One of the three exceptions to SII-3.2 for an owner or employee."""

    exception = forms.ChoiceField(
        label=_("Which exception applies?"), choices=[("", _("None: name somebody else")), *EXCEPTIONS]
    )
    justification = forms.CharField(label=_("Why it applies"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    required_messages = {"exception": _("Choose which of the three exceptions applies.")}
    optional_fields = ()

    def __init__(self, *args: Any, facts: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"r{facts['relationship_id']}_%s", **kwargs)
        self.facts = facts
