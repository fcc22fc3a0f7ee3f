"""Jobs of the kernel."""

from common import mail
from common.jobs import task


@task
def deliver(message_id: int) -> None:
    """Deliver one outbox message."""
    mail.deliver(message_id)
