"""Jobs of the activities app."""

import datetime as dt

from activities.domain import looking, reminders, sessions
from activities.domain.imports import preview, writing
from common.jobs import task


@task
def advance_by_clock() -> None:
    """Each minute: release codes whose gate is green, hold what is over, end what is done."""
    sessions.release_due()
    sessions.hold_due()
    sessions.end_due()


@task
def ask_for_reminders() -> None:
    """Each quarter of an hour: whose activity begins within a day."""
    reminders.ask_for_due()


@task
def remind(activity_id: int, day: str) -> None:
    """Remind who is registered of one day of an activity."""
    reminders.send(activity_id=activity_id, day=dt.date.fromisoformat(day))


@task
def forget_devices() -> None:
    """Every night: which browser checked in is kept for some months only."""
    looking.forget_devices()


@task
def read_import(batch_id: int, seen: int) -> None:
    """Read a list of attendance into rows with verdicts."""
    preview.read(batch_id, seen)


@task
def write_import(batch_id: int) -> None:
    """Put a confirmed list on record."""
    writing.write(batch_id)


@task
def undo_import(batch_id: int) -> None:
    """Take an import back."""
    writing.undo(batch_id)
