"""Forms of the gap library; the application's gap section uses the same ones."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Department
from activities import validators
from activities.enums import NeedKind, SourceKind
from activities.forms.base import DraftForm
from activities.models import Need, PracticeGap
from common import uploads, widgets
from common.forms import PortalForm

FILED: Any = _("This text goes into the accreditation file.")
_WHY = {
    NeedKind.KNOWLEDGE: (_("They don’t know it"), _("What is missing in knowledge"), _("for example “which bedside signs justify starting early”")),
    NeedKind.COMPETENCE: (_("They know it but can’t apply it"), _("What is missing in competence"), _("for example “choosing by source of infection and allergy”")),
    NeedKind.PERFORMANCE: (_("They can, but it doesn’t happen"), _("What gets in the way"), _("for example “no first-dose list at night”")),
}  # fmt: skip


class GapCreateForm(PortalForm):
    """A title is enough to begin."""

    title = forms.CharField(
        label=_("The gap in a few words"), max_length=160, help_text=_("What goes wrong, not what to teach: “Antibiotics for sepsis come late”."),
    )  # fmt: skip
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none(), empty_label=None)
    required_messages: Mapping[str, Any] = {
        "title": _("Write a few words, for example “Antibiotics for sepsis come late”.")
    }

    def __init__(self, *args: Any, departments: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]


def _tick(kind: NeedKind) -> forms.BooleanField:
    return forms.BooleanField(label=_WHY[kind][0], help_text=kind.label, widget=widgets.Tick())


def _line(kind: NeedKind) -> forms.CharField:
    return forms.CharField(label=_WHY[kind][1], max_length=400)


class GapForm(DraftForm):
    """A gap and its needs."""

    title = forms.CharField(label=_("The gap in a few words"), max_length=160)
    audience = forms.CharField(
        label=_("Whose practice is it?"),
        max_length=250,
        help_text=_("Professions and place: “Emergency physicians and nurses of our hospital”."),
    )
    current_practice = forms.CharField(
        label=_("What happens now"), help_text=_("What your clinicians do now. Use a number if you have one."),
        widget=widgets.WordsTextarea(words=100, attrs={"rows": 3}, aside=FILED),
    )  # fmt: skip
    desired_practice = forms.CharField(
        label=_("What should happen"), help_text=_("What is achievable with what is known today."),
        widget=widgets.WordsTextarea(words=50, attrs={"rows": 2}),
    )  # fmt: skip
    has_knowledge, need_knowledge = _tick(NeedKind.KNOWLEDGE), _line(NeedKind.KNOWLEDGE)
    has_competence, need_competence = _tick(NeedKind.COMPETENCE), _line(NeedKind.COMPETENCE)
    has_performance, need_performance = _tick(NeedKind.PERFORMANCE), _line(NeedKind.PERFORMANCE)
    own_learners = forms.CharField(
        label=_("How it shows among your own learners"), widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Your own audit, cases or requests. The gap must belong to your learners, not to medicine in general."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, gap: PracticeGap, needs: list[Need], own_learners: str | None = None, **kwargs: Any
    ) -> None:
        self.gap = gap
        lines = {n.kind: n.text for n in needs}
        initial = {name: getattr(gap, name) for name in ("title", "audience", "current_practice", "desired_practice")}
        for kind in NeedKind:
            initial |= {f"has_{kind}": kind in lines, f"need_{kind}": lines.get(kind, "")}
        super().__init__(
            *args, prefix=f"gap{gap.pk}", initial={**initial, "own_learners": own_learners or ""}, **kwargs
        )
        self.fields["title"].required = True
        if own_learners is None:
            del self.fields["own_learners"]

    def columns(self) -> dict[str, Any]:
        answers = self.answers()
        return {
            name: answers[name]
            for name in ("title", "audience", "current_practice", "desired_practice")
            if name in answers
        }

    def needs(self) -> dict[str, str | None]:
        """A line per kind that was touched; a line without its tick counts as ticked, a cleared tick takes the need away."""
        answers = self.answers()
        found: dict[str, str | None] = {}
        for kind in NeedKind:
            if not {f"has_{kind}", f"need_{kind}"} & answers.keys():
                continue
            text = self.cleaned_data.get(f"need_{kind}", "")
            was = bool(self.initial.get(f"has_{kind}"))
            ticked = self.cleaned_data.get(f"has_{kind}") or (bool(text) and not was)
            found[kind.value] = text if ticked else None
        return found

    @property
    def why(self) -> Iterator[dict[str, Any]]:
        """The three causes, for the template: the tick, its line, and what to write when the line is empty."""
        for kind in NeedKind:
            tick, line = self[f"has_{kind}"], self[f"need_{kind}"]
            yield {
                "tick": tick,
                "line": line,
                "example": _WHY[kind][2],
                "open": bool(tick.value()) and not line.value(),
            }

    @property
    def warning(self) -> str:
        return validators.lint_gap(f"{self['current_practice'].value() or ''} {self['desired_practice'].value() or ''}")


class SourceForm(PortalForm):
    """One source that shows a gap."""

    kind = forms.ChoiceField(label=_("Kind of source"), choices=[("", _("Choose")), *SourceKind.choices])
    citation = forms.CharField(
        label=_("Source"), max_length=400, help_text=_("Authors, journal and year, or the name of your own report.")
    )
    finding = forms.CharField(
        label=_("What it shows"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In a number if there is one."),
    )
    url = forms.URLField(label=_("Link"), required=False, max_length=500, assume_scheme="https")
    file = uploads.FileField(
        label=_("File"), required=False, help_text=_("The paper, your audit or its table: PDF, Word, Excel, CSV or a picture. No patient can be recognized in it."),
    )  # fmt: skip
    required_messages: Mapping[str, Any] = {
        "citation": _("Name the source, for example “Seymour et al., N Engl J Med 2017”."),
        "kind": _("Choose what kind of source it is."),
    }

    def __init__(self, *args: Any, gap: PracticeGap, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"source{gap.pk}", **kwargs)

    TYPED = ("citation", "finding", "url", "file")

    def is_complete(self) -> bool:
        """Whether it can be added by another button than its own, which alone brings the file along."""
        name = self.add_prefix("file")
        if self.is_valid() and self.data.get(name) and name not in self.files:
            self.add_error("file", _("Choose the file once more and press “Add this source”, so that it comes along."))
        return self.is_valid()

    def values(self) -> dict[str, Any]:
        """What `gaps.add_source` takes."""
        data = dict(self.cleaned_data)
        upload = data.pop("file")
        return {**data, "upload": upload}

    @property
    def is_begun(self) -> bool:
        return any(self[name].value() for name in ("citation", "finding", "url"))
