"""Jobs of the accounts app."""

import structlog

from accounts.domain import duplicates, merging, see_as
from accounts.enums import SeeAsEnd
from common.actors import system
from common.jobs import task

log = structlog.get_logger()


@task
def end_see_as(see_as_id: int) -> None:
    """The half hour is over, also for who closed the browser."""
    see_as.end(see_as_id=see_as_id, how=SeeAsEnd.TIME, by=system("clock"))


@task
def find_duplicates() -> None:
    """Every night, and when the office asks: look for people who stand in the records twice."""
    log.info("duplicates_looked_for", open=duplicates.look())


@task
def gather_strays(merge_id: int) -> None:
    """What an open page of a joined record wrote a moment too late."""
    moved = merging.gather_strays(merge_id=merge_id)
    if moved:
        log.info("strays_gathered", merge=merge_id, cells=moved)


@task
def gather_all_strays() -> None:
    """Every night the same for all joined records that something points to again."""
    for merge_id in merging.with_strays():
        merging.gather_strays(merge_id=merge_id)
