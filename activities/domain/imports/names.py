"""Names as lists write them, for comparing: order, accents, degrees and initials do not count. Pure.

Two people may have one name, so what is found by it is a suggestion and never more.
"""

import functools
import re
import unicodedata

# Not part of a name, wherever it stands.
_TITLES = frozenset(
    ["dr", "prof", "professor", "mr", "mrs", "ms", "mx", "miss", "sir", "md", "do", "mbbs", "mbchb", "mbbch", "phd", "dphil", "np", "fnp", "dnp", "aprn", "crnp", "rn", "bsn", "msn", "lpn", "pa", "pac", "pharmd", "rph", "dds", "dmd", "od", "ot", "pt", "dpt", "slp", "lcsw", "lmsw", "rd", "rdn", "psyd", "edd", "mph", "mba", "msc", "bsc", "ms", "ma", "ba", "bs", "facp", "facc", "facs", "faap", "faaem", "jr", "sr", "ii", "iii", "iv"]
)  # fmt: skip
# What a device or a program calls whoever did not write a name.
_NOBODY = frozenset(["iphone", "ipad", "ipod", "android", "galaxy", "samsung", "pixel", "macbook", "mac", "laptop", "pc", "desktop", "phone", "mobile", "tablet", "zoom", "webex", "teams", "user", "guest", "host", "meeting", "participant", "attendee", "caller", "call", "in", "unknown", "anonymous", "room", "conference", "owner", "admin", "s", "of", "the", "new"])  # fmt: skip
_WORDS = re.compile(r"[^\W\d_]+")
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
LENGTH = 120


@functools.lru_cache(maxsize=8_192)
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name that count, in order, without accents; initials only where there is little else."""
    # Dots go first: "M.D." is a degree, "H. Solberg" an initial and a name.
    letters = name.replace(".", "")
    if not letters.isascii():
        letters = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    words = _WORDS.findall(letters.casefold())
    kept = [w for w in words if w not in _TITLES]
    kept = kept if len(kept) > 1 else words  # Thảo Do is no osteopath
    long = [w for w in kept if len(w) > 1]
    return tuple(long if len(long) >= 2 else kept)


def key(name: str) -> str:
    """One text for all ways of writing a name; "" for what names nobody."""
    return next(iter(keys(name)), "")


def keys(name: str) -> list[str]:
    """All of its words, then first and last alone; a name in brackets is the one that was given first."""
    inside, outside = "", name
    if "(" in name or "[" in name:
        inside, outside = " ".join(_BRACKETS.findall(name)), _BRACKETS.sub(" ", name)
    # "H. Solberg (Henrik Solberg)" is Henrik; "Amara Osei (Dr. O)" is Amara.
    said = max((outside, inside), key=lambda text: sum(len(w) for w in tokens(text) if len(w) > 1))
    words = tokens(said)
    if len(words) < 2 or all(w in _NOBODY for w in words):
        return []
    found = [" ".join(sorted(words))[:LENGTH]]
    if len(words) > 2:
        found.append(" ".join(sorted((words[0], words[-1])))[:LENGTH])
    return found


def may_be(said: str, person: str) -> bool:
    """Whether the two could be one name: a word in common, or nothing said that is a name."""
    words = set(tokens(said)) - _NOBODY
    return not words or bool(words & set(tokens(person))) or not _WORDS.search(said)
