"""The certificate's context: a frozen dict of everything that is printed (law 4; AMA-CERT-1…5)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.models import Provider
from activities.domain import joint
from activities.models import Activity
from common import clock, codes, statements
from credits.documents.dates import in_words, local_dates, long_date
from credits.documents.statements import accreditation
from credits.enums import Scope
from credits.models import Claim, ClaimLine, ClaimTotal, Designation

VERSION = "certificate/1"
# One kind per part of the sentence, in its order; the look sets each differently (AMA-CERT-1, AMA-CERT-2).
KINDS = {
    "AMA-CERT-1": ("org", "lead", "name", "text", "title", "text", "credit"),
    "AMA-CERT-2": ("org", "lead", "name", "text", "title", "text", "designation"),
    "ATTENDANCE": ("org", "lead", "name", "text", "title", "text"),
    "CERT-LINES": ("org", "lead", "name", "text", "title", "text", "credit"),
}
SECRET_LENGTH = 12


def new_code(provider: Provider, year: int) -> str:
    """LS-26-7KQ4-MX2H-9TRW: prefix, year, 60 random bits (decision 9)."""
    return f"{provider.code_prefix}-{year % 100:02d}-{codes.grouped(codes.make(SECRET_LENGTH))}"


def snapshot(claim: Claim, *, code: str, number: int) -> dict[str, Any]:
    """Everything on the certificate of a claim, as it is today."""
    totals = claim.totals.select_related("credit_type", "designation__credit_type").order_by("credit_type__position")
    lines = claim.lines.select_related("session").order_by("session__starts_at", "pk")
    return compose(claim, list(totals), list(lines), code=code, number=number)


def compose(
    claim: Claim,
    totals: Sequence[ClaimTotal],
    lines: Sequence[ClaimLine],
    *,
    code: str,
    number: int,
    wording: Callable[[str], str] | None = None,
) -> dict[str, Any]:
    """The snapshot from rows that are loaded already, a line per credit type in their order (AMA-CERT-4).

    `wording` gives the body of a statement of the day.
    """
    provider, activity, lead = Provider.current(), claim.activity, totals[0]
    days = local_dates([line.session.starts_at for line in lines if line.session], activity.zone) or [
        claim.participated_on
    ]
    find = wording or (lambda name: statements.body(name, on=clock.today(activity.zone)))
    text = _sentence(claim, activity, totals, provider, in_words(days), find)
    attended = _sessions(lines, lead, activity) if activity.is_series else []
    return {
        "version": VERSION,
        "lang": "en",
        "code": code,
        "number": number,
        "verify_url": f"{settings.PORTAL_BASE_URL}/verify/{code}/",
        "verify_short": f"{settings.PORTAL_BASE_URL.split('://')[-1]}/verify",
        "issued_on": long_date(clock.today(activity.zone)),
        "provider_name": provider.name,
        "office_name": provider.office_name,
        "office_address": provider.office_address,
        "signer_name": provider.signer_name,
        "signer_title": provider.signer_title,
        **({"signature": provider.signature} if provider.signature else {}),
        "heading": "",
        "sentence": text,
        "statements": [statements.runs(one) for one in _statements(totals, activity, find)],
        "sessions": attended if len(attended) > 1 else [],
        # For the verification page and the transcript, which never read the live rows (law 4).
        "facts": {
            "name": claim.person.name_with_degrees,
            "title": activity.title,
            "activity_number": activity.number,
            "learning_format": activity.learning_format,
            "dates": in_words(days),
            "place": activity.place,
            "credits": f"{lead.credits:.2f}",
            "designated": f"{lead.designated:.2f}",
            "credit_type": lead.credit_type_id,
            "awarded": not lead.credit_type.is_attendance,
            "credit_runs": joined([credit_runs(t) for t in totals]),
            "lines": [
                {"credit_type": t.credit_type_id, "credits": f"{t.credits:.2f}", "runs": credit_runs(t)} for t in totals
            ],
        },
    }


def credit_runs(total: ClaimTotal) -> list[statements.Run]:
    """ "2.75 *AMA PRA Category 1 Credits*™", or for attendance "Attended; designated for 3.00 …" (AMA-TRN-1)."""
    if total.credit_type.is_attendance:
        if total.designation is None:
            return [{"text": "Attended", "style": ""}]
        named = total.designation.credit_type
        return statements.runs(
            f"Attended; designated for {total.designated:.2f} {unit(named.unit_one, named.unit_many, total.designated)}"
        )
    kind = total.credit_type
    return statements.runs(f"{total.credits:.2f} {unit(kind.unit_one, kind.unit_many, total.credits)}{beside(total)}")


def beside(total: ClaimTotal) -> str:
    """What is printed beside an amount: " (0.150 CEU), UAN 1234-0000-26-001-L01-P" (ACPE-1)."""
    found = dict(total.details)
    uan = found.pop("uan", "")
    second = ", ".join(f"{amount} {name}" for name, amount in found.items())
    return f"{f' ({second})' if second else ''}{f', UAN {uan}' if uan else ''}"


def joined(pieces: Sequence[list[statements.Run]]) -> list[statements.Run]:
    """Amounts as a sentence lists them: "a", "a and b", "a, b and c"."""
    found: list[statements.Run] = []
    for place, piece in enumerate(pieces):
        if place:
            found.append({"text": " and " if place == len(pieces) - 1 else ", ", "style": ""})
        found += piece
    return found


def unit(one: str, many: str, amount: Decimal) -> str:
    """Singular up to 1.00 (decision 10)."""
    return one if amount <= 1 else many


def _sentence(
    claim: Claim,
    activity: Activity,
    totals: Sequence[ClaimTotal],
    provider: Provider,
    dates: str,
    find: Callable[[str], str],
) -> list[dict[str, Any]]:
    total = totals[0]
    designation: Designation | None = total.designation
    amount, kind = total.credits, total.credit_type
    if total.credit_type.is_attendance:
        code = "AMA-CERT-2" if designation else "ATTENDANCE"
        amount, kind = total.designated, designation.credit_type if designation else kind
    else:
        code = "AMA-CERT-1" if len(totals) == 1 and total.credit_type_id == "ama_pra_1" else "CERT-LINES"
    place = f"at {activity.place}, " if activity.place and activity.delivery != "online" else ""
    values = {
        "provider": provider.name, "name": claim.person.name_with_degrees, "learning_format": activity.learning_format,
        "title": activity.title, "place": place, "date": dates, "credits": f"{amount:.2f}", "unit": unit(kind.unit_one, kind.unit_many, amount),
    }  # fmt: skip
    found: list[dict[str, Any]] = []
    for kind_of, part in zip(KINDS[code], find(code).split("|"), strict=True):
        if part == "{lines}":
            found += [{"kind": kind_of, "runs": _line(t, last=t is totals[-1])} for t in totals]
        else:
            found.append({"kind": kind_of, "runs": _piece(part, values)})
    return found


def _line(total: ClaimTotal, *, last: bool) -> list[statements.Run]:
    """One credit type of a certificate, its number set off (AMA-CERT-4); the sentence ends with the last."""
    kind = total.credit_type
    text = f"**{total.credits:.2f}** {unit(kind.unit_one, kind.unit_many, total.credits)}{beside(total)}"
    return statements.runs(f"{text}{'.' if last else ','}")


def _piece(part: str, values: dict[str, str]) -> list[statements.Run]:
    """Only our own sentence and the unit may carry marks; a name with asterisks stays a name."""
    marked = statements.fill(part, **{k: v if k in {"unit", "credits"} else f"\x00{k}\x00" for k, v in values.items()})
    runs = statements.runs(marked)
    for run in runs:
        for key, value in values.items():
            run["text"] = run["text"].replace(f"\x00{key}\x00", value)
    return runs


def _statements(totals: Sequence[ClaimTotal], activity: Activity, find: Callable[[str], str]) -> list[str]:
    """The accreditations behind the totals, each once, as frozen with their designations; then what a type adds."""
    found = dict.fromkeys(_accreditation(t, activity) for t in totals)
    found |= dict.fromkeys(find(t.credit_type.certificate_note) for t in totals if t.credit_type.certificate_note)
    return list(found)


def _accreditation(total: ClaimTotal, activity: Activity) -> str:
    """As frozen with the designation; without one, that of the day with the activity's joint providers (ST-7)."""
    if total.designation:
        return total.designation.accreditation_statement
    return accreditation(joint=joint.non_accredited(activity))


def _sessions(lines: Sequence[ClaimLine], lead: ClaimTotal, activity: Activity) -> list[dict[str, str]]:
    """The sessions of a series once each, with the credit of the type that leads, or of its family (teaching)."""
    per_line = (
        lead.designation is not None and lead.designation.scope == Scope.SESSION and not lead.credit_type.is_attendance
    )
    rows = []
    for line in lines:
        if line.session is None or line.family != lead.credit_type.kin:
            continue
        day = local_dates([line.session.starts_at], activity.zone)[0]
        rows.append(
            {
                "date": f"{day:%b} {day.day}, {day.year}",
                "title": line.session.title,
                "credits": f"{line.credits:.2f}" if per_line else "",
            }
        )
    return rows
