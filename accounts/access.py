"""People as the office and their owners may see them; an id that leads nowhere is not found."""

from django.http import Http404

from accounts.models import DuplicateSuggestion, Person


def person(pk: int) -> Person:
    """A record that stands or was joined to another."""
    found = Person.objects.select_related("merged_into").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def pair(away_id: int, kept_id: int) -> tuple[Person, Person]:
    """Two records to compare."""
    if away_id == kept_id:
        raise Http404
    return person(away_id), person(kept_id)


def suggestion(pk: int) -> DuplicateSuggestion:
    found = DuplicateSuggestion.objects.select_related("low", "high").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
