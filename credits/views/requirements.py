"""What somebody needs: meters of what they chose, and their own dates in it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from common import clock
from common.errors import DomainError
from common.page import page
from credits import access
from credits.domain import requirements
from credits.models import PersonRequirement
from credits.transcript_forms import RequirementForm


@page(perm="accounts.signed_in")
def requirement_list(request: Any) -> HttpResponse:
    """The meters of what one chose, and what else there is to choose."""
    watched = requirements.watched(request.person, suggest=True)
    known = requirements.profiles(clock.now().date())
    chosen = {item.choice.profile_code for item in watched}
    context = {
        "watched": watched, "others": [p for code, p in known.items() if code not in chosen], "removed": known.get(request.GET.get("removed", "")),
        "undo_fields": {"undo": "1"},
    }  # fmt: skip
    return render(request, "credits/requirements.html", context)


@page(perm="accounts.signed_in", write=True)
def requirement_change(request: Any, code: str) -> HttpResponse:
    """Choose a profile with one's dates, or change them."""
    profile = access.profile(code)
    choice = PersonRequirement.objects.filter(person=request.person, profile_code=code, removed_at=None).first()
    form = RequirementForm(request.POST if request.method == "POST" else None, profile=profile, choice=choice)
    if request.method == "POST" and form.is_valid():
        try:
            requirements.choose(person_id=request.actor.person_id, code=code, dates=form.dates(), by=request.actor)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            return redirect(f"{reverse('credits:requirement_list')}#{code}")
    return render(request, "credits/requirement.html", {"profile": profile, "choice": choice, "form": form})


@page(perm="accounts.signed_in", write=True)
def requirement_remove(request: Any, code: str) -> HttpResponse:
    """Watch it no longer; a bar takes that back."""
    if request.method != "POST":
        return redirect("credits:requirement_list")
    if "undo" in request.POST:
        requirements.take_back(person_id=request.actor.person_id, code=code, by=request.actor)
        return redirect("credits:requirement_list")
    requirements.let_go(person_id=request.actor.person_id, code=code, by=request.actor)
    return redirect(f"{reverse('credits:requirement_list')}?removed={code}")
