"""The learner's evaluation: one page, about a minute, then the credit."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from common.errors import DomainError
from common.page import page
from evaluations import access
from evaluations.domain import responses
from evaluations.forms import SCALE_WORDS, EvaluationForm
from evaluations.models import Questionnaire


@page(perm="accounts.signed_in", write=True)
def evaluation_answer(request: HttpRequest, number: str) -> HttpResponse:
    """Answer once; answered already goes straight on to the credit."""
    activity, sheet = access.questionnaire(request.actor, number)  # type: ignore[attr-defined]
    person_id = request.actor.person_id  # type: ignore[attr-defined]
    if responses.is_done(person_id, activity.pk):
        return redirect("credits:claim", number=number)
    if request.method == "POST" and "save" in request.POST:
        responses.save_draft(questionnaire_id=sheet.pk, person_id=person_id, answers=_typed(request, sheet))
        return render(request, "components/saved.html", {"just_now": True})
    form = EvaluationForm(request.POST or None, questionnaire=sheet, initial=responses.draft_of(sheet, person_id))
    if request.method == "POST" and form.is_valid():
        try:
            responses.submit(
                questionnaire_id=sheet.pk,
                person_id=person_id,
                answers=form.answers(),
                remind=form.cleaned_data.get("remind", False),
            )
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect("credits:claim", number=number)
    return render(
        request, "evaluations/evaluation_answer.html", {"activity": activity, "form": form, "words": SCALE_WORDS}
    )


def _typed(request: HttpRequest, sheet: Questionnaire) -> dict[str, Any]:
    form = EvaluationForm(questionnaire=sheet)
    many = {f"q{q.pk}" for q in form.questions if q.kind == "commitment"}
    return {
        name: request.POST.getlist(name) if name in many else request.POST.get(name, "")
        for name in form.fields
        if name in request.POST
    }
