"""Jobs of the kernel."""

from common import mail, uploads
from common.jobs import task


@task
def deliver(message_id: int) -> None:
    """Deliver one outbox message."""
    mail.deliver(message_id)


@task
def sweep_uploads() -> None:
    """Delete files that a rolled-back transaction left behind."""
    uploads.sweep()
