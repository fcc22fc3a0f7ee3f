"""Text that fits one text message: the letters of GSM 03.38's basic alphabet, 160 of them."""

import unicodedata

MOST = 160
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_SAME = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-", "−": "-", "…": "...", "•": "-", "·": "-",
        "\u00a0": " ", "\u202f": " ", "\t": " ", "[": "(", "]": ")", "{": "(", "}": ")", "~": "-", "^": "", "|": "/", "\\": "/", "€": "EUR",
        "™": "", "`": "'", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE", "þ": "th", "ð": "d",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """The text in letters of the basic alphabet, each of which counts once; what has none is a question mark."""
    return "".join(c if c in BASIC else _near(c) for c in text.translate(_SAME))


def _near(letter: str) -> str:
    kept = "".join(c for c in unicodedata.normalize("NFKD", letter) if c in BASIC)
    return kept or ("" if unicodedata.combining(letter) else "?")


def fit(template: str, **values: str) -> str:
    """The sentence with its values, one of which, `title`, gives way when it gets too long."""
    title = plain(values.pop("title", ""))
    kept = {name: plain(value) for name, value in values.items()}
    room = MOST - len(plain(template.format(title="", **kept)))
    if len(title) > room:
        title = title[: max(0, room - 3)].rstrip() + "..."
    return plain(template.format(title=title, **kept))[:MOST]
