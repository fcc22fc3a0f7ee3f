"""Jobs of the activities app."""

from activities.domain import sessions
from common.jobs import task


@task
def advance_by_clock() -> None:
    """Each minute: release codes whose gate is green, hold what is over, end what is done."""
    sessions.release_due()
    sessions.hold_due()
    sessions.end_due()
