"""Facts as the eligibility tests write them: sessions on one morning, credit types by name."""

import datetime as dt
from decimal import Decimal

from credits.entitlement import CreditFacts, Evidence, Facts, SessionFacts, WorkFacts, WorkRule

START = dt.datetime(2026, 11, 17, 13, 0, tzinfo=dt.UTC)
QUARTER = Decimal("0.25")


def session(key=1, *, offset=0, minutes=60, evidence=(None,), claimed=(), **more):
    begins = START + dt.timedelta(minutes=offset)
    return SessionFacts(
        id=key, title=f"Session {key}", starts_at=begins, ends_at=begins + dt.timedelta(minutes=minutes),
        evidence=tuple(Evidence("code", m, begins) for m in evidence), claimed=frozenset(claimed), **more,
    )  # fmt: skip


def work(key=1, kind="assessment", *, after=0, minutes=60, claimed=(), **more):
    at = START + dt.timedelta(minutes=after)
    return WorkFacts(id=key, kind=kind, title=f"Work {key}", at=at, minutes=minutes, claimed=frozenset(claimed), **more)


def teaching(key, of, *, minutes=60, **more):
    return WorkFacts(id=key, kind="teaching", title=of.title, at=of.ends_at, minutes=minutes, session=of, **more)


def credit(code, rounding, maximum, **more):
    values = {"per_session": False, "name": f"{code} hours"}
    return CreditFacts(code=code, rounding=rounding, maximum=Decimal(maximum), **(values | more))


def ama(maximum="5.50", **more):
    return credit("ama_pra_1", "quarter_nearest", maximum, **({"name": "AMA credits"} | more))


def ancc(maximum="5.50", **more):
    return credit("ancc", "hundredth_down", maximum, **({"name": "contact hours", "partial": "minutes"} | more))


def apa(maximum="5.50", **more):
    return credit(
        "apa", "quarter_down", maximum,
        **({"name": "CE credits", "partial": "none", "minimum": Decimal("1.00")} | more),
    )  # fmt: skip


def moc(maximum="5.50", **more):
    values = {"name": "MOC points", "follows": "ama_pra_1", "needs": "evaluation"}
    return credit("moc_abim", "quarter_nearest", maximum, **(values | more))


def attendance(maximum="5.50", **more):
    return credit("attendance", "quarter_nearest", maximum, awards=False, **more)


def faculty(maximum="2.00", **more):
    values = {"name": "teaching credits", "family": "ama_pra_1", "teaching": True, "hour": 30, "per_session": True}
    return credit("ama_pra_1_teaching", "quarter_nearest", maximum, **(values | more))


def pi(maximum="20.00", **more):
    rule = WorkRule(Decimal("5.00"), ("stage_a", "stage_b", "stage_c"), Decimal("20.00"))
    return ama(maximum, work=rule, **more)


def reviews(maximum="3.00", **more):
    return ama(maximum, work=WorkRule(Decimal("3.00")), per_session=True, **more)


def cycles(maximum="2.00", **more):
    return ama(maximum, work=WorkRule(Decimal("0.50")), **more)


def facts(*sessions, now=START + dt.timedelta(days=1), maximum="5.50", per_session=False, credits=None, **more):
    values = {
        "activity_status": "published", "claim_opens": dt.timedelta(minutes=10), "claim_days": 30,
        "evaluation_required": True, "evaluation_done": True,
    }  # fmt: skip
    kinds = (ama(maximum, per_session=per_session),) if credits is None else tuple(credits)
    return Facts(now=now, sessions=sessions, credits=kinds, **(values | more))
