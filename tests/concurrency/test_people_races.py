"""Records joined while somebody claims, checks in, signs in or joins too: nothing is lost, nothing is there twice."""

import threading

import pytest
from django.db import transaction

from accounts.domain import merging, person_rows, sign_in
from accounts.models import Person, PersonAddress, PersonMerge, User
from activities.domain import attendance
from activities.models import AttendanceEvidence, Registration
from common import clock
from common.errors import Conflict, DomainError
from credits.models import Claim, ClaimLine
from tests.concurrency.test_claim_races import together
from tests.factories import PersonFactory, ProviderFactory, SessionFactory
from tests.integration.claim_cases import attend, claim, evaluate, ready
from tests.integration.people_cases import OFFICE, as_user, join, user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]


def undone(merge):
    return merging.undo(merge_id=merge.pk, reason="Two people after all.", by=OFFICE)


def kinds(results):
    return sorted(type(r).__name__ for r in results)


def pair():
    ProviderFactory()
    return user("elena@private.example").person, user("elena@lakeshore.example").person


@pytest.mark.parametrize("attempt", range(3))
def test_a_claim_of_the_closed_record_while_it_is_joined_is_found_under_the_other_or_refused(attempt):
    away, kept = pair()
    _person, activity, (one,) = ready(person=away)
    merged, claimed = together(lambda: join(away, kept), lambda: claim(away, activity, {one: "1.00"}))
    assert isinstance(merged, PersonMerge)
    assert isinstance(claimed, Claim | DomainError)
    if isinstance(claimed, Claim):
        merging.gather_strays(merge_id=merged.pk)
    assert list(Claim.objects.values_list("person_id", flat=True)) == ([kept.pk] if isinstance(claimed, Claim) else [])


def test_both_records_claim_one_session_while_they_are_joined_credit_counts_once():
    away, kept = pair()
    _person, activity, (one,) = ready(person=away)
    attend(kept, one)
    evaluate(kept, activity)
    merged, *claims = together(
        lambda: join(away, kept),
        lambda: claim(away, activity, {one: "1.00"}),
        lambda: claim(kept, activity, {one: "1.00"}),
    )
    made = [c for c in claims if isinstance(c, Claim)]
    if isinstance(merged, PersonMerge):
        merging.gather_strays(merge_id=merged.pk)
        assert Claim.objects.filter(person=kept).count() == len(made) == 1
    else:
        # Both had claimed before: the office is told so, and joins nothing.
        assert isinstance(merged, Conflict)
        assert (len(made), PersonMerge.objects.count()) == (2, 0)
    assert ClaimLine.objects.filter(claim__person=kept).count() <= 1


def test_a_check_in_of_the_closed_record_while_it_is_joined_counts_for_the_other():
    away, kept = pair()
    session, by = SessionFactory(), as_user(away)
    merged, checked = together(
        lambda: join(away, kept),
        lambda: attendance.check_in(session_id=session.pk, person_id=away.pk, method="code", by=by),
    )
    assert isinstance(merged, PersonMerge)
    if not isinstance(checked, Exception):
        merging.gather_strays(merge_id=merged.pk)
        assert Registration.objects.get().person_id == kept.pk
    row = AttendanceEvidence.objects.filter(session=session).first()
    assert (row is None) == isinstance(checked, Exception)
    if row:
        link = row.identity.links.get(ended_at=None)
        assert link.person_id == kept.pk


def test_two_merges_of_one_record_at_once_are_one():
    ProviderFactory()
    away, kept, third = (PersonFactory(email=f"{name}@lakeshore.example") for name in ("ana", "bea", "cora"))
    results = together(lambda: join(away, kept), lambda: join(away, third))
    assert kinds(results) == ["Conflict", "PersonMerge"]
    away.refresh_from_db()
    assert away.merged_into_id == PersonMerge.objects.get().kept_id


def test_two_records_joined_to_each_other_at_once_leave_one_that_stands():
    ProviderFactory()
    one, two = PersonFactory(email="ana@lakeshore.example"), PersonFactory(email="anna@lakeshore.example")
    results = together(lambda: join(one, two), lambda: join(two, one))
    assert kinds(results) == ["Conflict", "PersonMerge"]
    assert Person.objects.filter(merged_into=None, deactivated_at=None).count() == 1


def test_an_undoing_pressed_twice_is_one():
    away, kept = pair()
    merge = join(away, kept)
    results = together(lambda: undone(merge), lambda: undone(merge))
    assert kinds(results) == ["Conflict", "PersonMerge"]


def test_first_sign_ins_of_a_person_whom_somebody_entered_make_one_account_and_no_second_person():
    ProviderFactory()
    known = PersonFactory(email="ines@lakeshore.example")

    def act():
        return sign_in.create_account(
            email="ines@lakeshore.example",
            given_name="Ines",
            family_name="Alvarez",
            degrees="MD",
            profession="physician",
        )

    before = Person.objects.count()
    results = together(act, act, act)
    assert {r.pk for r in results} == {User.objects.get().pk}
    assert (User.objects.get().person_id, Person.objects.count()) == (known.pk, before)
    assert PersonAddress.objects.filter(value="ines@lakeshore.example").count() == 1


def test_without_the_lock_both_merges_would_see_a_record_that_stands():
    """The race is real: both read "not joined" before either writes, and the record is joined to two."""
    ProviderFactory()
    away, kept, third = (PersonFactory(email=f"{name}@lakeshore.example") for name in ("ana", "bea", "cora"))
    meet = threading.Barrier(2)

    def careless(to):
        with transaction.atomic():
            row = Person.objects.get(pk=away.pk)
            meet.wait(timeout=10)
            if row.merged_into_id is None:
                person_rows.change(row, {"merged_into": to, "deactivated_at": clock.now()})
                return to.pk
            return None

    results = together(lambda: careless(kept), lambda: careless(third))
    assert {r for r in results if isinstance(r, int)} == {kept.pk, third.pk}
