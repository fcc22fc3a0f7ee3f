"""E-mail through an outbox: the message is a row of the transaction that caused it, delivery is a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from email import encoders
from email.message import Message
from email.mime.base import MIMEBase
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.module_loading import import_string
from django.utils.translation import ngettext

from common import clock, jobs, locks
from common.errors import Conflict


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message; the type with its parameters: "text/calendar; method=REQUEST"."""

    name: str
    content_type: str
    content: bytes


def send(
    template: str, *, to: str, to_name: str = "", subject: str, context: dict[str, Any], key: str | None = None,
    attachments: Sequence[Attachment] = (), optional: str = "",
) -> None:  # fmt: skip
    """Write the message and its delivery job; with a `key` the same news is never sent twice.

    `optional` names the kind of mail that people can turn off ("reminders"): whoever did gets nothing. Receipts, codes
    and news of a change have none. The text of an optional mail says how to turn it off (`settings_url`).
    """
    locks.require_transaction()
    from common.models import OutboxAttachment, OutboxMessage

    if optional and not import_string(settings.MAIL_WANTED)(to, optional):
        return

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
    if attachments:
        OutboxAttachment.objects.bulk_create(
            OutboxAttachment(message=message, name=a.name, content_type=a.content_type, content=a.content)
            for a in attachments
        )
    jobs.later("common.tasks.deliver", message.pk, key=f"mail:{message.pk}")


def require_shown(number: int, *, shown: int) -> None:
    """Refuse a press that writes to more people than its page named: nothing is mailed in bulk unless a person saw how many.

    Call it under the lock that keeps `number` as it is, before anything is written. Fewer than shown is no surprise.
    """
    if number > shown:
        raise Conflict(
            ngettext(
                "This sends %(n)d e-mail now, more than the page said when you pressed. Nothing was changed or sent. "
                "If that is right, press again.",
                "This sends %(n)d e-mails now, more than the page said when you pressed. Nothing was changed or sent. "
                "If that is right, press again.",
                number,
            )
            % {"n": number}
        )


def deliver(message_id: int) -> None:
    """Hand one message to the mail server, once."""
    from common.models import OutboxMessage

    message = OutboxMessage.objects.filter(pk=message_id, sent_at=None).first()
    if message is None:
        return
    mail = EmailMultiAlternatives(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, [message.to])
    mail.attach_alternative(message.html, "text/html")
    mail.extra_headers["Message-ID"] = f"<outbox-{message.pk}@{settings.DEFAULT_FROM_EMAIL.split('@')[-1]}>"
    for attachment in message.attachments.all():
        mail.attach(_part(attachment.name, attachment.content_type, bytes(attachment.content)))
    mail.send()
    OutboxMessage.objects.filter(pk=message_id).update(sent_at=clock.now())


def _part(name: str, content_type: str, content: bytes) -> MIMEBase:
    """An attachment with every parameter of its type, which Django's own way leaves out."""
    head = Message()
    head["Content-Type"] = content_type
    part = MIMEBase(head.get_content_maintype(), head.get_content_subtype())
    for key, value in head.get_params(failobj=[])[1:]:
        part.set_param(key, value)
    part.set_payload(content)
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part
