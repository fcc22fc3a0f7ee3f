"""What a designation needs besides its amount (WF-4): the UAN, a category, a mark to pass. Pure checks of what was typed."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# IP-4: provider, joint provider or not, year, sequence, format and topic, audience.
UAN = re.compile(r"^(JA\d{7}|\d{4})-(0000|9999)-\d{2}-\d{3}-[LHB]\d{2}-[PT]$", re.ASCII)
MOST_CREDIT = Decimal("999.75")


@dataclass(frozen=True)
class Context:
    """What a check may ask of the activity."""

    any_time: bool
    joint: bool
    today: dt.date
    ends_on: dt.date | None = None
    kinds: tuple[str, ...] = ()  # those of the type's board; empty: any (MOC-8)


@dataclass(frozen=True)
class Detail:
    """One thing to write down; `check` returns the value as it is kept, or raises ValueError with a sentence."""

    name: str
    label: str
    help: str
    rule: str
    check: Callable[[str, Context], str]
    choices: tuple[tuple[str, str], ...] = ()
    kind: str = "text"  # text, date, tick, number, choice
    required: bool = True
    missing: str = "Write this down before you designate."


def uan(value: str, about: Context, audience: str = "P") -> str:
    """A Universal Activity Number as ACPE writes it, that fits this activity (IP-4, ACPE-2)."""
    text = re.sub(r"\s", "", value).upper().replace("–", "-")
    if not UAN.fullmatch(text):
        raise ValueError(
            "A UAN looks like 1234-0000-26-001-L01-P, or JA4008106-0000-26-001-L01-P under Joint Accreditation."
        )
    _provider, partner, _year, _number, form, who = text.split("-")
    if who != audience:
        wanted = "pharmacists ends in P" if audience == "P" else "technicians ends in T"
        raise ValueError(f"The UAN for {wanted}; this one ends in {who}.")
    if form[0] != "B" and form[0] != ("H" if about.any_time else "L"):
        said = "home study, H" if about.any_time else "live, L"
        raise ValueError(f"This activity is {said}; the UAN says {form[0]}.")
    if partner != ("9999" if about.joint else "0000"):
        said = "9999, because it has a joint provider" if about.joint else "0000, because it has no joint provider"
        raise ValueError(f"The second part is {said}.")
    return text


def uan_technician(value: str, about: Context) -> str:
    return uan(value, about, "T")


def day(value: str, about: Context) -> str:
    try:
        found = dt.date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("Write a day, for example 2027-01-31.") from None
    if found < (about.ends_on or about.today):
        raise ValueError("The approval must hold until the activity is over.")
    return found.isoformat()


def short(value: str, about: Context) -> str:
    text = " ".join(value.split())
    if len(text) > 60:
        raise ValueError("Up to 60 characters.")
    return text


def percent(value: str, about: Context) -> str:
    """A mark to pass, told beforehand (AMA-FMT-2)."""
    text = value.strip().removesuffix("%").strip()
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise ValueError("Write a whole percentage from 1 to 100.")
    return str(int(text))


def amount(value: str, about: Context) -> str:
    """An amount of credit in quarters, above zero."""
    try:
        found = Decimal(value.strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError("Write an amount such as 3.00.") from None
    if not 0 < found <= MOST_CREDIT or found % Decimal("0.25"):
        raise ValueError("Write an amount in steps of 0.25.")
    return f"{found:.2f}"


def count(value: str, about: Context) -> str:
    if not value.strip().isdecimal() or not 1 <= int(value) <= 100:
        raise ValueError("Write how many, from 1 to 100.")
    return str(int(value))


def tick(value: str, about: Context) -> str:
    return "yes" if value else ""


def _one_of(*choices: str) -> tuple[tuple[str, str], ...]:
    return tuple((c, c) for c in choices)


ALL: Mapping[str, Detail] = {
    d.name: d
    for d in (
        Detail("uan", "UAN for pharmacists", "Universal Activity Number, from your ACPE provider page. It ends in P.", "IP-4", uan, missing="Write the UAN; pharmacists’ credit cannot be reported without it."),
        Detail("uan_technician", "UAN for technicians", "Only if technicians can claim. It ends in T.", "IP-4", uan_technician, required=False),
        Detail("acpe_kind", "Type of activity", "As ACPE names it.", "ACPE-1", short, _one_of("knowledge", "application", "practice"), "choice"),
        Detail("valid_until", "Approval valid until", "From the approval; it stands in the statement.", "AAPA-1", day, kind="date"),
        Detail("ipce_together", "Members of two or more professions learn with, from and about each other", "The plan shows how.", "JA-3", tick, kind="tick", missing="IPCE credit needs this (JA-3). Without it, leave the type out."),
        Detail("ipce_measured", "The evaluation asks what changed in the team, in roles, or for patients", "The evaluation has such a question.", "JA-3", tick, kind="tick", missing="IPCE credit needs this (JA-3). Without it, leave the type out."),
        Detail("aswb_category", "Category", "As it stands in the statement.", "ASWB-1", short, _one_of("general", "clinical", "ethics"), "choice"),
        Detail("cope_number", "COPE activity number", "From the approval.", "COPE-1", short),
        Detail("cope_category", "COPE category", "From the approval.", "COPE-1", short),
        Detail("agd_subject", "AGD subject code", "From the AGD list.", "CERP-1", short),
        Detail("aafp_kind", "Kind of credit", "As the AAFP granted it.", "AAFP-1", short, _one_of("Prescribed", "Elective"), "choice"),
        Detail("aafp_number", "AAFP application number", "From the AAFP’s answer.", "AAFP-1", short),
        Detail("moc_kind", "Kind of points", "As the board counts them.", "MOC-8", short, _one_of("Medical Knowledge", "Practice Assessment", "Lifelong Learning", "Patient Safety"), "choice"),
        Detail("moc_feedback", "How learners get feedback on their answers", "For example: the right answers with their reasons, at once. Taking part alone is not enough.", "MOC-3", short, missing="Points rest on an evaluation with feedback (MOC-3). Say how it is given, or leave the type out."),
        Detail("pass_mark", "Percentage to pass", "Learners read it before they begin; below it there is no credit.", "AMA-FMT-2", percent, kind="number", missing="Say what passes; learners must know it beforehand."),
        Detail("each", "Credit for each", "The usual amount is filled in; verify it with the AMA.", "AMA-FMT-4", amount, kind="number"),
        Detail("most", "Most in this activity", "Nobody claims more, however often they do it.", "AMA-FMT-7", amount, kind="number"),
        Detail("articles", "Articles", "The usual credit is 1.00 an article; verify it with the AMA.", "AMA-FMT-3", count, kind="number"),
    )
}  # fmt: skip


def choices(name: str, kinds: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What one may choose: of the kinds of points those that the board counts (MOC-8)."""
    return _one_of(*kinds) if name == "moc_kind" and kinds else ALL[name].choices


def clean(names: list[str], values: Mapping[str, str], about: Context) -> tuple[dict[str, str], dict[str, str]]:
    """The details as they are kept, and a sentence for each that does not fit or is missing."""
    kept: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name in names:
        detail, value = ALL[name], values.get(name, "").strip()
        if not value:
            if detail.required:
                problems[name] = detail.missing
            continue
        try:
            found = detail.check(value, about)
        except ValueError as error:
            problems[name] = str(error)
            continue
        if detail.choices and found not in dict(choices(name, about.kinds)):
            problems[name] = "Choose one of the list."
        elif found:
            kept[name] = found
    return kept, problems
