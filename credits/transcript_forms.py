"""Forms of the transcript: what to show, credit from elsewhere, a link for others."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from crispy_forms.layout import Layout, Row
from dateutil.relativedelta import relativedelta
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from common import uploads, widgets
from common.forms import PortalForm, SpanForm
from credits.domain import external
from credits.domain.external import External, Said
from credits.domain.requirements import Dates
from credits.domain.transcript_filters import ELSEWHERE, EVERYTHING, OURS, Filters
from credits.domain.transcripts import Choices
from credits.models import CreditType, PersonRequirement, RequirementProfile

_DAY = {"invalid": _("Write a day, for example 2026-01-31.")}
PERIODS = (("all", _("All")), ("year", _("This year")), ("months", _("Last 12 months")))


def period_of(period: str, today: dt.date) -> tuple[dt.date | None, dt.date | None] | None:
    """The days of a usual period or of a year; None for none of them."""
    if period == "all":
        return None, None
    if period == "year":
        return today.replace(month=1, day=1), today
    if period == "months":
        return today - relativedelta(months=12) + dt.timedelta(days=1), today
    if period.isdecimal() and len(period) == 4 and int(period) > 1900:
        return dt.date(int(period), 1, 1), dt.date(int(period), 12, 31)
    return None


class TranscriptFilterForm(SpanForm):
    """What to show. A usual period in the address (`?period=`) wins over days. What is wrong narrows nothing."""

    text = forms.CharField(
        label=_("Words in it"), required=False, max_length=100, help_text=_("Title, provider, format or topic.")
    )
    source = forms.ChoiceField(
        label=_("Whose credit"), required=False,
        choices=[("", _("All")), (OURS, _("Issued by us")), (ELSEWHERE, _("Earned elsewhere"))],
    )  # fmt: skip
    kind = forms.CharField(label=_("Credit type"), required=False, max_length=100)
    topic = forms.CharField(label=_("Topic"), required=False, max_length=30)
    since = forms.DateField(label=_("From"), required=False, widget=widgets.DateInput(), error_messages=_DAY)
    until = forms.DateField(label=_("To"), required=False, widget=widgets.DateInput(), error_messages=_DAY)
    optional_fields = ()

    def __init__(self, data: QueryDict, *, today: dt.date) -> None:
        asked: dict[str, Any] = {name: data.get(name, "") for name in self.base_fields}
        days = period_of(data.get("period", ""), today)
        if days is not None:
            asked |= {"since": days[0] or "", "until": days[1] or ""}
        super().__init__(asked)

    def offer(self, choices: Choices) -> None:
        """Let people choose among what there is; what the address asks for stays chosen."""
        for name, first, found in (("kind", _("All types"), choices.kinds), ("topic", _("All topics"), choices.topics)):
            asked = str(self.data.get(name, ""))
            more = [(asked, asked)] if asked and asked not in dict(found) else []
            self.fields[name].widget = forms.Select(choices=[("", first), *found, *more])

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout("text", Row("source", "kind", "topic"), Row("since", "until"))
        return helper

    def filters(self) -> Filters:
        """What stands of what was asked for; days only when both of them do."""
        self.is_valid()
        data = self.cleaned_data
        days = {} if {"since", "until"} & set(self.errors) else {k: data.get(k) for k in ("since", "until")}
        return Filters(
            kind=data.get("kind", ""), topic=data.get("topic", ""), text=data.get("text", ""), source=data.get("source") or EVERYTHING, **days,
        )  # fmt: skip


class ShareForm(PortalForm):
    """A link for others: for whom, and until when."""

    label = forms.CharField(
        label=_("For whom"), max_length=120, help_text=_("Only you read this, in your list of links. For example: Credentialing at Harbor Clinic."),
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=_("It works for"), coerce=int, initial=30, widget=widgets.Choices(inline=True),
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("a year"))],
    )  # fmt: skip
    required_messages = {"label": _("Write for whom it is, so that you know it again in your list.")}


class ExternalForm(PortalForm):
    """Credit from elsewhere, as it stands on the proof."""

    title = forms.CharField(label=_("Activity"), max_length=250, help_text=_("As it stands on the certificate."))
    provider_name = forms.CharField(label=_("Provider"), max_length=200, help_text=_("Who awarded the credit."))
    earned_on = forms.DateField(label=_("Completed on"), widget=widgets.DateInput(), error_messages=_DAY)
    credit_type = forms.ChoiceField(label=_("Credit type"), required=False)
    other_type = forms.CharField(
        label=_("Another type, in words"), max_length=80, required=False, help_text=_("If the list has none that fits, for example AMA PRA Category 2."),
    )  # fmt: skip
    amount = forms.DecimalField(
        label=_("Amount"), max_digits=6, decimal_places=2, widget=widgets.DecimalInput(),
        error_messages={"invalid": _("Write a number, for example 1.50."), "max_decimal_places": _("Write at most two decimals, for example 1.50.")},
    )  # fmt: skip
    topics = forms.MultipleChoiceField(
        label=_("Topics it covers"), required=False, widget=widgets.MultiChoices(inline=True), help_text=_("The whole amount counts for each topic you choose, in your own meters only."),
    )  # fmt: skip
    proof = uploads.FileField(
        label=_("Proof"),
        kinds=external.KINDS,
        required=False,
        help_text=_(
            "The certificate as PDF, PNG or JPEG. Only you open it, and the CME office if it takes a copy of your record."
        ),
    )
    drop_proof = forms.BooleanField(
        label=_("Remove the proof that is there"), required=False, widget=widgets.Tick(bare=True)
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    optional_fields = ("topics", "proof")
    required_messages = {
        "title": _("Write the title as it stands on the certificate."), "provider_name": _("Write who awarded the credit."),
        "earned_on": _("Choose the day on which you completed it."), "amount": _("Write a number, for example 1.50."),
    }  # fmt: skip

    def __init__(
        self,
        *args: Any,
        kinds: Sequence[CreditType],
        topics: Sequence[tuple[str, str]],
        line: External | None = None,
        **kwargs: Any,
    ) -> None:
        if line is not None:
            kwargs["initial"] = _initial(line)
        super().__init__(*args, **kwargs)
        listed = [(kind.code, kind.name) for kind in kinds]
        self.fields["credit_type"].choices = [*listed, ("", _("Another type"))]  # type: ignore[attr-defined]
        self.fields["topics"].choices = topics  # type: ignore[attr-defined]
        if line is None or line.proof is None:
            del self.fields["drop_proof"]
        if line is None:
            self.fields["form_key"].initial = uuid.uuid4
            self.fields["credit_type"].initial = listed[0][0] if listed else ""
        else:
            del self.fields["form_key"]

    def make_helper(self) -> Any:
        helper = super().make_helper()
        drop = ["drop_proof"] if "drop_proof" in self.fields else []
        key = ["form_key"] if "form_key" in self.fields else []
        helper.layout = Layout("title", "provider_name", Row("earned_on", "amount"), Row("credit_type", "other_type"), "proof", *drop, "topics", *key)  # fmt: skip
        return helper

    def key(self) -> uuid.UUID:
        """The key of the opened page; a broken one is a new one."""
        found = self.cleaned_data.get("form_key")
        return found if isinstance(found, uuid.UUID) else uuid.uuid4()

    def said(self) -> Said:
        data = self.cleaned_data
        return Said(
            provider_name=data["provider_name"], title=data["title"], earned_on=data["earned_on"], credit_type=data["credit_type"],
            other_type=data["other_type"], amount=data["amount"], topics=tuple(data["topics"]),
        )  # fmt: skip


class RecordReasonForm(PortalForm):
    """Why the office takes a copy of somebody's record."""

    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), help_text=_("For example: the person asked for it by phone. It stands in the record."),
    )  # fmt: skip
    required_messages = {"reason": _("Say why, in a sentence.")}


class RequirementForm(PortalForm):
    """Where a person stands with a state, a board or a hospital."""

    renews_on = forms.DateField(label=_("Renewal on"), widget=widgets.DateInput(), error_messages=_DAY)
    renewal = forms.TypedChoiceField(
        label=_("Which renewal is it"), coerce=int, initial=2, help_text=_("Some bodies ask for nothing the first time, or for a topic every third time."),
        choices=[(n, label) for n, label in enumerate((_("The first"), _("The second"), _("The third"), _("The fourth"), _("The fifth"), _("The sixth"), _("The seventh"), _("The eighth"), _("The ninth")), 1)],
    )  # fmt: skip
    starts_on = forms.DateField(
        label=_("It counts from"), widget=widgets.DateInput(), required=False, error_messages=_DAY, help_text=_("The first day that counts for this renewal."),
    )  # fmt: skip
    applies = forms.MultipleChoiceField(label=_("What applies to you"), required=False, widget=widgets.MultiChoices)
    optional_fields = ()
    required_messages = {"renews_on": _("Choose the day of the renewal.")}

    def __init__(
        self, *args: Any, profile: RequirementProfile, choice: PersonRequirement | None = None, **kwargs: Any
    ) -> None:
        if choice is not None:
            kwargs["initial"] = {
                name: getattr(choice, name) for name in ("renews_on", "renewal", "starts_on", "applies")
            }
        super().__init__(*args, **kwargs)
        conditional = [(r.key, r.condition) for r in profile.requirements.all() if r.condition]
        if profile.cycle_months:
            del self.fields["starts_on"]
        if conditional:
            self.fields["applies"].choices = conditional  # type: ignore[attr-defined]
        else:
            del self.fields["applies"]

    def dates(self) -> Dates:
        data = self.cleaned_data
        return Dates(data["renews_on"], data["renewal"], data.get("starts_on"), tuple(data.get("applies", ())))


def _initial(line: External) -> Mapping[str, Any]:
    return {
        "title": line.title, "provider_name": line.provider_name, "earned_on": line.earned_on, "credit_type": line.kind.code if line.kind else "",
        "other_type": "" if line.kind else line.kind_name, "amount": line.amount, "topics": list(line.topics),
    }  # fmt: skip
