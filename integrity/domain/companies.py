"""Companies by the names that people write: which of them a text names."""

import re
import unicodedata
from collections.abc import Mapping

from integrity.enums import Eligibility
from integrity.models import Company

_APART = re.compile(r"[\W_]+")
# People leave these out: "Pfizer" is Pfizer Inc.
_LEGAL = frozenset(["inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "corp", "corporation", "co", "plc", "gmbh", "kgaa", "ag", "sa", "se", "nv", "bv", "ab", "spa"])  # fmt: skip


def named_in(texts: Mapping[str, str]) -> dict[str, list[Company]]:
    """The companies that each text names, of those that nobody found eligible (SII-E-1): one that is not decided yet counts.

    A name is found as whole words, whatever its case, accents, punctuation and legal form. Only texts that name some. One query.
    """
    said = {key: f" {' '.join(_words(text))} " for key, text in texts.items()}
    found: dict[str, list[Company]] = {}
    for company in Company.objects.exclude(eligibility=Eligibility.ELIGIBLE).order_by("name", "pk"):
        name = _core(company.name)
        for key, words in said.items():
            if name and f" {name} " in words:
                found.setdefault(key, []).append(company)
    return found


def _core(name: str) -> str:
    """The words of a name without its legal form."""
    words = _words(name)
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    return " ".join(words)


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return [word for word in _APART.split(plain) if word]
