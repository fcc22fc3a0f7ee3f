"""Jobs of the evaluations app."""

import datetime as dt

from common import clock
from common.jobs import task
from evaluations.domain import responses


@task
def shuffle_answers() -> None:
    """Nightly: yesterday's and today's sheets in random order (decision 19)."""
    day = clock.now().date()
    for on in (day - dt.timedelta(days=1), day):
        responses.shuffle_day(on)
