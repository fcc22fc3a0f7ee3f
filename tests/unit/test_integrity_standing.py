"""Where one relationship, and one person, stands: the pure verdict over every nature, ended or not, traded or not."""

import itertools

import pytest

from integrity.domain.standing import RoleFacts, TieFacts, owner_or_employee, standing, verdict
from integrity.enums import Answer, Eligibility, Nature, Standing, Traded

OWNERS = {Nature.EMPLOYEE, Nature.EXECUTIVE, Nature.OWNERSHIP}


def expected_owner(nature, ended, traded):
    """SII-3.2, 3.2a and 3.2b written down once more, as a table a person can read."""
    if ended:
        return False
    if nature in OWNERS:
        return True
    if nature == Nature.STOCK:
        return {"private": True, "public": False, "unknown": None}[traded]
    return False


@pytest.mark.parametrize(("nature", "ended", "traded"), list(itertools.product(Nature, (False, True), Traded)))
def test_undecided_relationship_by_nature_ended_and_traded(nature, ended, traded):
    tie = TieFacts(nature=nature, ended=ended, traded=traded)

    owner = expected_owner(nature, ended, traded)

    assert owner_or_employee(tie) == owner
    assert verdict(tie) == (Standing.EXCLUDED if owner else Standing.TO_DECIDE)


@pytest.mark.parametrize(("nature", "ended", "traded"), list(itertools.product(Nature, (False, True), Traded)))
def test_decision_and_mitigation_by_nature_ended_and_traded(nature, ended, traded):
    owner = expected_owner(nature, ended, traded)
    tie = {"nature": nature, "ended": ended, "traded": traded}
    stuck = Standing.EXCLUDED if owner else Standing.TO_DECIDE if owner is None else None

    # SII-3.2 cannot be mitigated: no decision and no mitigation moves an owner or employee.
    assert verdict(TieFacts(**tie, decision=False)) == (stuck or Standing.CLEARED)
    assert verdict(TieFacts(**tie, decision=True)) == (stuck or Standing.TO_MITIGATE)
    assert verdict(TieFacts(**tie, decision=True, mitigated=True)) == (stuck or Standing.CLEARED_MITIGATED)


def test_wrong_4_private_stock_is_ownership_and_public_stock_and_options_are_not():
    assert verdict(TieFacts(nature=Nature.STOCK, traded=Traded.PRIVATE)) == Standing.EXCLUDED
    assert verdict(TieFacts(nature=Nature.STOCK, traded=Traded.PUBLIC)) == Standing.TO_DECIDE
    assert verdict(TieFacts(nature=Nature.STOCK_OPTIONS, traded=Traded.PRIVATE)) == Standing.TO_DECIDE
    assert verdict(TieFacts(nature=Nature.ROYALTIES, traded=Traded.PRIVATE)) == Standing.TO_DECIDE
    assert verdict(TieFacts(nature=Nature.STOCK, traded=Traded.PRIVATE, ended=True)) == Standing.TO_DECIDE


@pytest.mark.parametrize("nature", Nature)
def test_company_that_is_not_ineligible_concerns_nobody(nature):
    assert verdict(TieFacts(nature=nature, traded=Traded.PRIVATE, eligibility=Eligibility.ELIGIBLE)) == Standing.CLEARED


@pytest.mark.parametrize(("nature", "decision", "found"), [
    (Nature.EMPLOYEE, None, Standing.TO_DECIDE), (Nature.EMPLOYEE, False, Standing.TO_DECIDE),
    (Nature.CONSULTANT, None, Standing.TO_DECIDE), (Nature.CONSULTANT, False, Standing.CLEARED), (Nature.CONSULTANT, True, Standing.TO_MITIGATE),
])  # fmt: skip
def test_company_nobody_has_decided_about(nature, decision, found):
    assert verdict(TieFacts(nature=nature, eligibility=Eligibility.UNDETERMINED, decision=decision)) == found


@pytest.mark.parametrize(("exception", "decision", "mitigated", "found"), [
    ("a", None, False, Standing.CLEARED), ("b", None, False, Standing.TO_DECIDE), ("b", True, False, Standing.TO_MITIGATE),
    ("c", True, True, Standing.CLEARED_MITIGATED), ("c", False, False, Standing.CLEARED), ("", True, True, Standing.EXCLUDED),
])  # fmt: skip
def test_exceptions_of_sii_3_2(exception, decision, mitigated, found):
    assert (
        verdict(TieFacts(nature=Nature.EMPLOYEE, exception=exception, decision=decision, mitigated=mitigated)) == found
    )


EXCLUDED = TieFacts(nature=Nature.EMPLOYEE)
OPEN = TieFacts(nature=Nature.CONSULTANT)
RELATED = TieFacts(nature=Nature.CONSULTANT, decision=True)
DONE = TieFacts(nature=Nature.CONSULTANT, decision=True, mitigated=True)
UNRELATED = TieFacts(nature=Nature.CONSULTANT, decision=False)


@pytest.mark.parametrize(("facts", "found"), [
    (RoleFacts(), Standing.ASKED),
    (RoleFacts(answer=Answer.NONE, expired=True), Standing.EXPIRED),
    (RoleFacts(answer=Answer.NONE), Standing.CLEARED),
    (RoleFacts(answer=Answer.SOME, ties=(OPEN,)), Standing.TO_DECIDE),
    (RoleFacts(answer=Answer.SOME, ties=(OPEN,), with_office=False), Standing.DISCLOSED),
    (RoleFacts(answer=Answer.SOME, ties=(EXCLUDED,), with_office=False), Standing.EXCLUDED),
    (RoleFacts(answer=Answer.SOME, ties=(UNRELATED,)), Standing.CLEARED),
    (RoleFacts(answer=Answer.SOME, ties=(UNRELATED, DONE)), Standing.CLEARED_MITIGATED),
    (RoleFacts(answer=Answer.SOME, ties=(DONE, RELATED)), Standing.TO_MITIGATE),
    (RoleFacts(answer=Answer.SOME, ties=(RELATED, OPEN)), Standing.TO_DECIDE),
    (RoleFacts(answer=Answer.SOME, ties=(DONE, OPEN, EXCLUDED)), Standing.EXCLUDED),
])  # fmt: skip
def test_a_role_stands_where_its_worst_relationship_stands(facts, found):
    assert standing(facts) == found
