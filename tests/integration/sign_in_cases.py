"""What the sign-in tests share: a browser that asks for a code and types it."""

import re

from django.test import Client
from django.urls import reverse

from common.models import OutboxMessage


def ask(client: Client, email: str, **more: str):
    return client.post(reverse("accounts:sign_in"), {"email": email, **more})


def code_sent_to(email: str) -> str:
    message = OutboxMessage.objects.filter(to=email, template="sign_in_code").latest("pk")
    return message.subject.split(" ")[0]


def type_code(client: Client, code: str):
    return client.post(reverse("accounts:sign_in_code"), {"code": code})


def sign_in(client: Client, email: str, **more: str):
    ask(client, email, **more)
    return type_code(client, code_sent_to(email))


def signed_in_as(client: Client) -> int | None:
    value = client.session.get("_auth_user_id")
    return int(value) if value else None


def without_tokens(body: bytes, email: str) -> str:
    """A page without what differs on every request anyway."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body.decode())
    return text.replace(email, "ADDRESS")
