"""E-mail through an outbox: the message is a row of the transaction that caused it, delivery is a job."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from common import clock, jobs, locks


def send(
    template: str, *, to: str, to_name: str = "", subject: str, context: dict[str, Any], key: str | None = None
) -> None:
    """Write the message and its delivery job; with a `key` the same news is never sent twice."""
    locks.require_transaction()
    from common.models import OutboxMessage

    full = {"subject": subject, "to_name": to_name, "base_url": settings.PORTAL_BASE_URL, **context}
    values = {
        "to": to, "to_name": to_name[:250], "template": template, "subject": " ".join(strip_tags(subject).split())[:250],
        "text": render_to_string(f"emails/{template}.txt", full), "html": render_to_string(f"emails/{template}.html", full),
        "created_at": clock.now(),
    }  # fmt: skip
    if key is None:
        message = OutboxMessage.objects.create(**values)
    else:
        message, made = OutboxMessage.objects.get_or_create(key=key, defaults=values)
        if not made:
            return
    jobs.later("common.tasks.deliver", message.pk, key=f"mail:{message.pk}")


def deliver(message_id: int) -> None:
    """Hand one message to the mail server, once."""
    from common.models import OutboxMessage

    message = OutboxMessage.objects.filter(pk=message_id, sent_at=None).first()
    if message is None:
        return
    mail = EmailMultiAlternatives(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, [message.to])
    mail.attach_alternative(message.html, "text/html")
    mail.extra_headers["Message-ID"] = f"<outbox-{message.pk}@{settings.DEFAULT_FROM_EMAIL.split('@')[-1]}>"
    mail.send()
    OutboxMessage.objects.filter(pk=message_id).update(sent_at=clock.now())
