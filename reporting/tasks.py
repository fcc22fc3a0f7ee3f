"""Jobs of the reporting app."""

from common.jobs import task
from reporting.domain import ledger


@task
def catch_up_credit_reports() -> None:
    """Write down what has to be told of claims that the ledger does not know."""
    ledger.catch_up()
