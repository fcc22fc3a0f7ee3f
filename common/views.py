"""Helpers for views that are not pages: notes of what was seen, file answers."""

import structlog
from django.db import DatabaseError, models, transaction
from django.http import HttpRequest, HttpResponse

from common import clock
from common.actors import Actor

log = structlog.get_logger()


def posted_number(request: HttpRequest, name: str) -> int:
    """A whole number that came with a form; 0 for anything else."""
    typed = request.POST.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0


def note(kind: str, obj: models.Model, actor: Actor) -> None:
    """Remember that something was shown (decision 17). Lossy by design: no rule may ever depend on it."""
    from common.models import SeenNote

    if actor.seen_by is not None:  # it was not this person who saw it
        return
    try:
        with transaction.atomic(savepoint=True):  # own savepoint: a failed note must not spoil the page
            SeenNote.objects.create(
                kind=kind,
                subject_type=obj._meta.label_lower,
                subject_id=obj.pk,
                person_id=actor.person_id,
                at=clock.now(),
            )
    except DatabaseError:
        log.warning("note_lost", kind=kind)


def file_response(content: bytes, name: str, content_type: str, *, inline: bool = False) -> HttpResponse:
    """A private file: never cached by others, never sniffed, never run."""
    response = HttpResponse(content, content_type=content_type)
    how = "inline" if inline else "attachment"
    response["Content-Disposition"] = f'{how}; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
