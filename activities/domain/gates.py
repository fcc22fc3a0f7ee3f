"""The gates of an activity (WF-1…6): which findings must be clean before it moves on."""

from activities.domain import plan as plans
from activities.domain.plan import Plan
from activities.models import Session
from common import findings
from common.findings import Finding


def for_submission(plan: Plan) -> list[Finding]:
    """WF-1: draft or returned → submitted."""
    return _collect("submission", plan)


def for_review(plan: Plan) -> list[Finding]:
    """WF-2: submitted → in review."""
    return _collect("review", plan)


def for_approval(plan: Plan) -> list[Finding]:
    """WF-3: in review → approved."""
    return _collect("approval", plan)


def for_designation(plan: Plan) -> list[Finding]:
    """WF-4: approved → designated."""
    return _collect("designation", plan)


def for_publication(plan: Plan) -> list[Finding]:
    """WF-5: designated → published."""
    return _collect("publication", plan)


def for_change(plan: Plan) -> list[Finding]:
    """WF-11: a change after publishing is agreed to."""
    return _collect("change", plan)


def for_session(session: Session, plan: Plan | None = None) -> list[Finding]:
    """WF-6: one session's check-in code may be released. Pass the plan when several sessions of it are asked for."""
    facts = plan or plans.load(session.activity)
    facts.session = next((s for s in facts.sessions if s.pk == session.pk), session)
    return _collect("session", facts)


def _collect(gate: str, plan: Plan) -> list[Finding]:
    return findings.collect(gate, plan, subject=plan.activity)
