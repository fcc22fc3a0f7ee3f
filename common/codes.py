"""Codes that people read aloud and type: no 0 O 1 I (decision 9); and tokens of links, which nobody types."""

import hashlib
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def make(length: int) -> str:
    """A random code from 32 letters, 5 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def normalize(text: str) -> str:
    """What was typed, as it is stored: capitals, without spaces and dashes."""
    return "".join(c for c in text.upper() if c.isalnum())


def grouped(code: str, size: int = 4) -> str:
    """For the eye: 7KQ4-MX2H."""
    return "-".join(code[i : i + size] for i in range(0, len(code), size))


def token() -> str:
    """The secret part of a link, 256 bits. Only its `digest` is kept."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a link's token, so that a copy of the database opens no link."""
    return hashlib.sha256(token.encode()).hexdigest()
