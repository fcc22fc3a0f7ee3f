"""What a domain function may raise. Every error carries sentences that a user can read."""

from collections.abc import Sequence


class DomainError(Exception):
    """A use case refused. `messages` are sentences; `fields` maps a form field to its sentence."""

    status = 400

    def __init__(self, *messages: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.messages: Sequence[str] = messages or tuple((fields or {}).values())
        self.fields = fields or {}

    def __str__(self) -> str:
        return " ".join(self.messages)


class NotAllowed(DomainError):
    """The person may see this object but not do this to it; the message says who can."""

    status = 403


class Conflict(DomainError):
    """The state of the object, or somebody else's act, makes this impossible now."""

    status = 409


class Invalid(DomainError):
    """What was given is not acceptable; `fields` says where."""

    status = 400


class Gone(DomainError):
    """It was here and is no more; the message says who can help."""

    status = 410
