"""Forms of the application, one per section; labels and hints say what a good answer is."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Profession
from accounts.models import Department
from activities import enums, validators
from activities.domain.plan import Plan, SlotFacts
from activities.enums import PLANNER_ROLES, RoleKind
from activities.forms.base import DraftForm, MultiField, SectionForm
from activities.forms.gaps import FILED
from activities.models import Activity, Objective
from common import clock, widgets
from common.forms import PortalForm

ZONES = [
    ("America/New_York", _("Eastern")), ("America/Chicago", _("Central")), ("America/Denver", _("Mountain")), ("America/Phoenix", _("Arizona")),
    ("America/Los_Angeles", _("Pacific")), ("America/Anchorage", _("Alaska")), ("Pacific/Honolulu", _("Hawaii")), ("America/Puerto_Rico", _("Puerto Rico")),
]  # fmt: skip
# The professions in the room, most frequent first; the credit types offered follow from the person, not from this list.
AUDIENCES = [
    (p.value, p.label)
    for p in (
        Profession.PHYSICIAN, Profession.RESIDENT, Profession.NP, Profession.PA, Profession.NURSE, Profession.PHARMACIST, Profession.PSYCHOLOGIST,
        Profession.SOCIAL_WORKER, Profession.DIETITIAN, Profession.THERAPIST, Profession.RESPIRATORY_THERAPIST, Profession.DENTIST,
        Profession.OPTOMETRIST, Profession.STUDENT, Profession.OTHER,
    )
]  # fmt: skip

_KINDS: Any = {
    "C": _("Once, on one or more days, in a room or streamed"), "RSS": _("The same people meet every week or month: grand rounds, tumor board"),
    "EM": _("Learners take it when they like, and pass an assessment"), "JN": _("They read an article and pass an assessment"),
    "PI": _("They measure their practice, change it and measure again"), "MR": _("They review a manuscript for a journal"),
    "TIW": _("They write questions for an examination"), "ISL": _("They look up an answer for a patient and apply it"),
    "CML": _("Committee work whose subject, taught otherwise, would be CME"), "LFT": _("What they learn to teach others"),
    "OTH": _("A blend of these, or something else"),
}  # fmt: skip
# Grouped: what most plan comes first.
KINDS = [
    (_("Learners meet"), [(k.value, k.label) for k in enums.ActivityKind if k in enums.LIVE]),
    (_("Each when they like"), [(k.value, k.label) for k in enums.ActivityKind if k in enums.BY_ASSESSMENT]),
    (_("Credit for work done"), [(k.value, k.label) for k in enums.ActivityKind if k in enums.BY_WORK]),
    (
        _("Anything else"),
        [(k.value, k.label) for k in enums.ActivityKind if k in enums.ANY_TIME - enums.BY_ASSESSMENT - enums.BY_WORK],
    ),
]
_LEVELS: Any = {
    "2": _("How they liked it"), "3": _("What they know"), "4": _("What they can do, or intend to"), "5": _("What they do in practice"),
    "6": _("What happens to their patients"), "7": _("What happens to the community"),
}  # fmt: skip
_RESULTS: Any = {
    "competence": _("What they would do if they could"), "performance": _("What they do in practice"), "outcomes": _("What happens to patients"),
}  # fmt: skip


class ApplicationCreateForm(PortalForm):
    """A title and a type are enough to begin."""

    title = forms.CharField(
        label=_("Title"),
        max_length=250,
        help_text=_("As learners will read it. It can be changed until the office approves."),
    )
    kind = forms.ChoiceField(
        label=_("What is it?"), choices=KINDS, initial=enums.ActivityKind.COURSE,
        widget=widgets.Choices(hints=_KINDS),
    )  # fmt: skip
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none(), empty_label=None)
    part = forms.ChoiceField(
        label=_("Your part in it"), required=False, initial=RoleKind.COORDINATOR,
        choices=[
            (RoleKind.COORDINATOR, _("I arrange it, others decide on content")), (RoleKind.DIRECTOR, _("I direct it")),
            (RoleKind.PLANNER, _("I plan it with others")), ("", _("None")),
        ],
    )  # fmt: skip
    required_messages: Mapping[str, Any] = {"title": _("Give it a title, for example “Sepsis in the First Hour”.")}
    optional_fields = ()

    def __init__(self, *args: Any, departments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]


class BasicsForm(SectionForm):
    """APP-1 and APP-3."""

    professions = MultiField(
        label=_("Who is it for?"), choices=AUDIENCES, inline=True, help_text=_("Choose every profession you plan for.")
    )
    zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES)
    required_fields = ("title", "kind", "delivery", "zone")
    optional_fields = ("summary", "city", "online_url", "capacity", "fee_text")
    required_messages: Mapping[str, Any] = {"title": _("Give it a title, for example “Sepsis in the First Hour”.")}

    class Meta:
        model = Activity
        fields = (
            "title", "kind", "starts_on", "ends_on", "zone", "delivery", "location", "city", "online_url", "professions", "audience",
            "expected_learners", "capacity", "summary", "fee_text",
        )  # fmt: skip
        labels = {
            "kind": _("Type"), "starts_on": _("First day"), "ends_on": _("Last day"), "delivery": _("How is it held?"), "location": _("Room or building"),
            "city": _("City"), "online_url": _("Link to the stream or platform"), "audience": _("In your own words"), "expected_learners": _("How many do you expect?"),
            "capacity": _("Seats, if limited"), "summary": _("For the catalogue"), "fee_text": _("Fee, as learners read it"),
        }  # fmt: skip
        help_texts = {
            "audience": _("Where they work and what they do: “hospital clinicians who see sepsis on the wards”."),
            "summary": _("Two or three sentences that make the right people come."), "fee_text": _("For example “Free for staff, others $120”."),
            "online_url": _("Learners see it after they register."), "capacity": "",
        }  # fmt: skip
        widgets = {
            "summary": widgets.WordsTextarea(words=80, attrs={"rows": 3}),
            "delivery": widgets.Choices(inline=True),
            "kind": forms.Select(),
        }

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout(
            "title", "kind", Row("starts_on", "ends_on", "zone"), "delivery", Row("location", "city"), "online_url", "professions", "audience",
            Row("expected_learners", "capacity"), "summary", "fee_text",
        )  # fmt: skip
        return helper

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ChoiceField)
        if self.instance.zone not in dict(ZONES):
            zone.choices = [(self.instance.zone, self.instance.zone), *ZONES]
        self.fields["delivery"].choices = enums.Delivery.choices  # type: ignore[attr-defined]
        self.fields["kind"].choices = KINDS  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day comes before the first day."))
            data.pop("starts_on")
        elif first and last and data.get("kind") == enums.ActivityKind.SERIES and (last - first).days > 366:
            self.add_error(
                "ends_on", _("A series lasts at most 12 months; start a new one for the next year (CME-RSS-2).")
            )
            data.pop("starts_on")
            data.pop("kind")
        return data


class FormatForm(SectionForm):
    """APP-6, APP-7, APP-8."""

    designed_to_change = MultiField(
        label=_("What is it designed to change?"), choices=enums.ResultKind.choices, help_text=_("Knowledge alone is not enough."),
        hints=_RESULTS,
    )  # fmt: skip
    methods = MultiField(label=_("Methods"), choices=enums.Method.choices, inline=True)
    competencies = MultiField(
        label=_("Competencies"), help_text=_("At least one; an interprofessional activity names one of the last group."),
        choices=[
            (_("Physicians (ABMS)"), [(c.value, c.label) for c in enums.Competency if c.value.startswith("abms")]),
            (_("Everybody (IOM)"), [(c.value, c.label) for c in enums.Competency if c.value.startswith("iom")]),
            (_("Teams (IPEC)"), [(c.value, c.label) for c in enums.Competency if c.value.startswith("ipec")]),
        ],
    )  # fmt: skip

    class Meta:
        model = Activity
        fields = ("designed_to_change", "change_text", "methods", "format_reason", "competencies")
        labels = {"change_text": _("What will be different afterwards?"), "format_reason": _("Why this format?")}
        help_texts = {
            "change_text": _("Who will do what, when, that they don’t do now."),
            "format_reason": _("How the methods fit the objectives and the room."),
        }  # fmt: skip
        widgets = {
            "change_text": widgets.WordsTextarea(words=50, attrs={"rows": 3}, aside=FILED),
            "format_reason": widgets.WordsTextarea(words=25, attrs={"rows": 2}, aside=FILED),
        }


class EvaluationForm(SectionForm):
    """APP-12."""

    evaluation_level = forms.ChoiceField(
        label=_("How far will you measure?"), choices=list(enums.MooreLevel.choices), help_text=_("Competence is the least that shows change."),
        widget=widgets.Choices(hints=_LEVELS),
    )  # fmt: skip
    evaluation_tools = MultiField(
        label=_("With what?"), choices=enums.EvaluationTool.choices,
        help_text=_("The evaluation form and the changes you offered with the objectives come by themselves."),
    )  # fmt: skip

    class Meta:
        model = Activity
        fields = ("evaluation_level", "evaluation_tools", "evaluation_text")
        labels = {"evaluation_text": _("What will you look at, and when?")}
        help_texts = {
            "evaluation_text": _("For example “the four drug classes in our own clinic’s audit, six months later”.")
        }
        widgets = {"evaluation_text": forms.Textarea(attrs={"rows": 3})}


class CreditForm(SectionForm):
    """APP-11: the credit asked for."""

    credit_types = MultiField(
        label=_("Credit asked for"),
        choices=[],
        help_text=_("The amount follows from the agenda. The office designates it."),
    )

    optional_fields = ("format_note",)

    class Meta:
        model = Activity
        fields = ("estimated_minutes", "estimate_basis", "format_note", "credit_types")
        labels = {
            "estimated_minutes": _("How many minutes does it take?"), "estimate_basis": _("How do you know?"),
            "format_note": _("What is it, in a few words?"),
        }  # fmt: skip
        help_texts = {
            "estimated_minutes": _("For a typical physician, with the assessment. An hour is a credit."),
            "estimate_basis": _("For example “three colleagues took 50, 58 and 66 minutes” or “8,000 words and ten questions”."),
            "format_note": _("Printed in the statement and on certificates, for example “blended learning”."),
        }  # fmt: skip
        widgets = {"estimate_basis": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, types: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.instance.kind
        if kind not in enums.ANY_TIME - enums.BY_WORK:
            del self.fields["estimated_minutes"], self.fields["estimate_basis"]
        if kind not in enums.OTHER_FORMATS:
            del self.fields["format_note"]
        self.fields["credit_types"].choices = types  # type: ignore[attr-defined]
        self.fields["credit_types"].widget.choices = types


class ObjectiveForm(DraftForm):
    """One objective: what the learner will do, which need it answers, what it works for."""

    text = forms.CharField(
        label=_("What will the learner do?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    need = forms.TypedChoiceField(label=_("Which need does it answer?"), coerce=int, empty_value=None)
    result = forms.ChoiceField(
        label=_("It works for"), choices=enums.ResultKind.choices, widget=widgets.Choices(inline=True)
    )
    commitment = forms.CharField(
        label=_("The change offered to learners"), max_length=300, help_text=_("Learners can choose it at the end: “I will start antibiotics before the lactate result.”"),
    )  # fmt: skip
    optional_fields = ("commitment",)

    def __init__(self, *args: Any, objective: Objective, plan: Plan, number: int, **kwargs: Any) -> None:
        self.objective, self.number = objective, number
        initial = {
            "text": objective.text,
            "need": objective.need_id,
            "result": objective.result,
            "commitment": objective.commitment,
        }
        super().__init__(*args, prefix=f"o{objective.pk}", initial=initial, **kwargs)
        groups = [(g.gap.title, [(n.pk, str(n)) for n in g.needs]) for g in plan.gaps if g.needs]
        self.fields["need"].choices = [("", _("Choose")), *groups]  # type: ignore[attr-defined]

    def answers(self) -> dict[str, Any]:
        found = super().answers()
        return {("need_id" if name == "need" else name): value for name, value in found.items()}

    @property
    def warning(self) -> str:
        return validators.lint_objective(self["text"].value() or "")


class SlotForm(DraftForm):
    """One slot of the agenda."""

    title = forms.CharField(label=_("Title"), max_length=250)
    kind = forms.ChoiceField(label=_("What is it?"), choices=enums.SlotKind.choices)
    day = forms.DateField(label=_("Day"), widget=widgets.DateInput())
    starts = forms.TimeField(label=_("From"), widget=widgets.TimeInput())
    ends = forms.TimeField(label=_("To"), widget=widgets.TimeInput())
    room = forms.CharField(label=_("Room"), max_length=120)
    method = forms.ChoiceField(label=_("Method"), choices=[("", _("Choose")), *enums.Method.choices])
    objectives = MultiField(label=_("Objectives taught here"), choices=[])
    speakers = MultiField(label=_("Speakers"), choices=[], inline=True)
    evolving_topic = forms.BooleanField(
        label=_("New or evolving topic"), help_text=_("Shown to learners as such; nothing unproven is advocated (SII-1.3)."), widget=widgets.Tick(bare=True),
    )  # fmt: skip
    optional_fields = ("room", "method")

    def __init__(self, *args: Any, facts: SlotFacts, plan: Plan, **kwargs: Any) -> None:
        session = facts.session
        self.facts, self.zone = facts, plan.activity.zone
        start, end = plan.local(session.starts_at), plan.local(session.ends_at)
        initial = {
            "title": session.title, "kind": session.kind, "day": start.date(), "starts": start.time(), "ends": end.time(), "room": session.room,
            "method": session.method, "evolving_topic": session.evolving_topic, "objectives": [str(o.pk) for o in facts.objectives],
            "speakers": [str(r.person_id) for r in facts.roles if r.role == RoleKind.SPEAKER],
        }  # fmt: skip
        super().__init__(*args, prefix=f"s{session.pk}", initial=initial, **kwargs)
        for name in ("kind", "day", "starts", "ends"):
            self.fields[name].required = True
        self._offer(
            "objectives", [(str(o.pk), f"{i}. {o.text}") for i, o in enumerate(plan.objectives, start=1) if o.text]
        )
        self._offer("speakers", [(str(p.pk), p.name_with_degrees) for p in plan.people])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        if choices:
            self.fields[name].choices = choices  # type: ignore[attr-defined]
            self.fields[name].widget.choices = choices
        else:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("starts") and data.get("ends") and data["ends"] <= data["starts"]:
            self.add_error("ends", _("A session must end after it begins."))
        return data

    def answers(self) -> dict[str, Any]:
        found = super().answers()
        moved = [found.pop(name, None) for name in ("day", "starts", "ends")]
        for name in ("objectives", "speakers"):
            if name in found:
                found[name] = [int(pk) for pk in found[name]]
        day, starts, ends = (
            (self.cleaned_data.get(name) for name in ("day", "starts", "ends")) if any(moved) else (None, None, None)
        )
        if day is not None and starts is not None and ends is not None:
            found |= {"starts_at": clock.local(day, starts, self.zone), "ends_at": clock.local(day, ends, self.zone)}
        return found

    @property
    def minutes(self) -> int:
        return self.facts.session.minutes


class PersonForm(PortalForm):
    """Name a person for a part; an address we know finds the person."""

    TYPED = ("email", "given_name", "family_name", "degrees")

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    role = forms.ChoiceField(
        label=_("Part"),
        choices=[
            (_("Planning"), [(r.value, r.label) for r in RoleKind if r in PLANNER_ROLES]),
            (_("Faculty"), [(r.value, r.label) for r in RoleKind if r not in PLANNER_ROLES]),
        ],
        initial=RoleKind.PLANNER,
    )  # fmt: skip
    given_name = forms.CharField(label=_("First name"), max_length=200)
    family_name = forms.CharField(label=_("Last name"), max_length=200)
    degrees = forms.CharField(
        label=_("Degrees"), max_length=100, required=False, widget=forms.TextInput(attrs={"placeholder": "MD, MPH"})
    )
    profession = forms.ChoiceField(label=_("Profession"), choices=[("", _("Choose")), *Profession.choices])
    session = forms.TypedChoiceField(label=_("Session"), required=False, coerce=int, empty_value=None)
    required_messages: Mapping[str, Any] = {
        "email": _("Write the e-mail address; the disclosure link goes there."), "family_name": _("Write the last name."),
        "given_name": _("Write the first name."), "profession": _("Choose a profession; the team must mirror the audience."),
    }  # fmt: skip

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(s.session.pk, s.session.title) for s in plan.education if s.session.title]
        if choices:
            self.fields["session"].choices = [("", _("Not yet known, or all of it")), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["session"]

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout(
            Row("email", "role"), Row("given_name", "family_name"), Row("degrees", "profession"), *(["session"] if "session" in self.fields else []),
        )  # fmt: skip
        return helper


class SignForm(PortalForm):
    """APP-16: what the activity director attests."""

    attest_independent = forms.BooleanField(
        label=_("No ineligible company had a part in planning, choosing faculty, content or evaluation (SII-2.1)."),
        widget=widgets.Tick(),
    )
    attest_no_marketing = forms.BooleanField(
        label=_("Nothing is marketed or sold in this education; faculty promote no product of their own (SII-2.2)."),
        widget=widgets.Tick(),
    )
    attest_valid_content = forms.BooleanField(
        label=_("Recommendations rest on current science and a fair view of the options (SII-1)."),
        widget=widgets.Tick(),
    )
    attest_privacy = forms.BooleanField(
        label=_("No material shows protected health information (CME-REC-5)."), widget=widgets.Tick()
    )
    signed_name = forms.CharField(label=_("Your name, as your signature"), max_length=520)
    required_messages: Mapping[str, Any] = {"signed_name": _("Type your name as your signature.")}


class AnswerForm(PortalForm):
    """What was done about a request of the office."""

    answer = forms.CharField(
        label=_("Your answer"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you changed, or why it stays."),
    )
    required_messages: Mapping[str, Any] = {"answer": _("Say what you changed, or why it stays as it is.")}


class WithdrawForm(PortalForm):
    """Why an application is taken back."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The office reads it; it stays in the record."),
    )
    required_messages: Mapping[str, Any] = {"reason": _("Say why in a few words; the office reads it.")}
