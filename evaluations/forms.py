"""The evaluation as a form: one field per question, in the order of the published version."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import PortalForm
from evaluations.enums import QuestionKind
from evaluations.models import Question, Questionnaire

SCALE = [(str(n), str(n)) for n in range(1, 6)]
SCALE_WORDS = {1: _("strongly disagree"), 2: _("disagree"), 3: _("neutral"), 4: _("agree"), 5: _("strongly agree")}
NO_CHANGE = "no-change"


class EvaluationForm(PortalForm):
    """Fields are named q<id>; `answers` gives what the domain stores, `typed` what a draft keeps."""

    remind = forms.BooleanField(required=False, initial=True, label=_("Ask me once, in 90 days, how these went"))

    def __init__(self, *args: Any, questionnaire: Questionnaire, **kwargs: Any) -> None:
        self.questions = list(questionnaire.questions.all())
        super().__init__(*args, **kwargs)
        for question in self.questions:
            self._add(question)
        if not self.has_commitments:
            del self.fields["remind"]

    @property
    def has_commitments(self) -> bool:
        return any(q.kind == QuestionKind.COMMITMENT for q in self.questions)

    def _add(self, question: Question) -> None:
        name = f"q{question.pk}"
        if question.kind in {QuestionKind.OBJECTIVE, QuestionKind.SCALE}:
            self.fields[name] = forms.ChoiceField(
                label=question.text, choices=SCALE, required=question.required, widget=forms.RadioSelect,
                error_messages={"required": _("Choose a number from 1 to 5.")},
            )  # fmt: skip
        elif question.kind == QuestionKind.BIAS:
            self.fields[name] = forms.ChoiceField(
                label=question.text, choices=[("yes", _("Yes")), ("no", _("No"))], widget=forms.RadioSelect, required=question.required,
                error_messages={"required": _("Answer yes or no.")},
            )  # fmt: skip
            self.fields[f"{name}_text"] = forms.CharField(
                label=_("If not, what did you notice?"),
                required=False,
                max_length=2000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        elif question.kind == QuestionKind.COMMITMENT:
            choices = [(text, text) for text in question.choices]
            self.fields[name] = forms.MultipleChoiceField(label=question.text, choices=[*choices, (NO_CHANGE, _("No change: I already do these, or they don’t apply"))], required=False, widget=forms.CheckboxSelectMultiple)  # fmt: skip
        else:
            self.fields[name] = forms.CharField(
                label=question.text,
                required=question.required,
                max_length=4000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def answers(self) -> dict[int, Any]:
        """Question id → what `responses.submit` stores."""
        found: dict[int, Any] = {}
        for question in self.questions:
            value = self.cleaned_data.get(f"q{question.pk}")
            if question.kind == QuestionKind.BIAS:
                found[question.pk] = (
                    {"yes": value == "yes", "text": self.cleaned_data.get(f"q{question.pk}_text", "")}
                    if value
                    else None
                )
            elif question.kind == QuestionKind.COMMITMENT:
                found[question.pk] = [v for v in value or [] if v != NO_CHANGE]
            else:
                found[question.pk] = value
        return found

    def rows(self) -> list[tuple[Question, forms.BoundField, forms.BoundField | None]]:
        """Each question with its field, and the comment field where it has one; changes first, as the mockup does."""
        ordered = sorted(self.questions, key=lambda q: (q.kind != QuestionKind.COMMITMENT, q.position))
        return [
            (q, self[f"q{q.pk}"], self[f"q{q.pk}_text"] if f"q{q.pk}_text" in self.fields else None) for q in ordered
        ]
