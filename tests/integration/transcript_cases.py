"""Claims of several years without playing each one: rows as `claims.claim` writes them, certificates on request."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from common import clock
from credits.domain import certificates
from credits.models import Claim, ClaimLine, ClaimTotal, CreditType
from tests.factories import ActivityFactory, SessionFactory
from tests.integration.claim_cases import designate


def earn(
    person, on: dt.date, *, activity=None, credits="1.00", sessions=1, series=False, title="", certified=True, also=(),
    code="", session=None, minutes=60,
):  # fmt: skip
    """A live claim whose last day is `on`; each session is a week before the next, or the one given.

    `also` are totals of other types, `code` is the type instead of the profession's own, `minutes` are those of a session.
    """
    activity = activity or ActivityFactory(
        published=True, kind="RSS" if series else "C", **({"title": title} if title else {})
    )
    designation = activity.designations.filter(ended_at=None).first() or designate(
        activity, maximum=credits if not series else "1.00", scope="session" if series else "activity"
    )
    kind = CreditType.objects.get(code=code or ("ama_pra_1" if person.is_physician else "attendance"))
    with transaction.atomic():
        claim = Claim.objects.create(
            person=person,
            activity=activity,
            claimed_at=clock.now(),
            participated_on=on,
            rule_set="2026-01-01",
            attestation="I attended.",
            is_physician=person.is_physician,
        )
        awarded = Decimal(credits) if person.is_physician else Decimal("0.00")
        ClaimTotal.objects.create(
            claim=claim,
            credit_type=kind,
            designation=designation,
            minutes=minutes * sessions,
            credits=awarded,
            designated=Decimal(credits),
        )
        for code, details in also:
            ClaimTotal.objects.create(
                claim=claim,
                credit_type_id=code,
                minutes=60 * sessions,
                credits=awarded,
                designated=awarded,
                details=details,
            )
        for n in range(sessions):
            start = clock.local(on - dt.timedelta(weeks=n), dt.time(12), activity.zone)
            held = session or SessionFactory(
                activity=activity, starts_at=start, check_in_code="", code_released_at=None
            )
            ClaimLine.objects.create(
                claim=claim,
                person=person,
                activity=activity,
                session=held,
                credit_type=kind,
                family=kind.kin,
                minutes=minutes,
                facts={},
                credits=Decimal("1.00") if series else None,
            )
        if certified:
            certificates.prepare(claim, on_request=True)
    return claim
