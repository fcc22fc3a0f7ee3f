"""Codes that people read aloud and type: no 0 O 1 I (decision 9)."""

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
