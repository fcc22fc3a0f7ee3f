"""The office changes, withdraws and restores claims; claims that the record no longer supports wait for an answer."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.models import IdentityLink
from activities.domain import attendance
from activities.models import AttendanceEvidence
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from credits.adjust_forms import AdjustForm
from credits.domain import adjusting, certificates, claims, support
from credits.models import Certificate, Claim, ClaimLine, ClaimReview
from tests.factories import PersonFactory, SessionFactory, UserFactory
from tests.integration.certificate_cases import mailbox
from tests.integration.claim_cases import attend, claim, ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    user = UserFactory(roles=["staff"])
    client.force_login(user)
    return actor_of(user)


def issued(django_capture_on_commit_callbacks, *, sessions=2, amounts=("1.00", "1.00"), **values):
    """A claim with its certificate, made and mailed."""
    person, activity, made = ready(sessions=sessions, **values)
    with django_capture_on_commit_callbacks(execute=True):
        row = claim(person, activity, dict(zip(made, amounts, strict=True)))
    certificates.render(row.certificates.get().pk)
    return row, made


def correct(session, person, staff, minutes=None, *, withdrawn=False):
    row = AttendanceEvidence.objects.get(session=session, identity__links__person=person, superseded_by=None)
    attendance.correct(evidence_id=row.pk, minutes=minutes, withdrawn=withdrawn, reason="Left early.", by=staff)


def live(person) -> list[tuple[Decimal, Decimal]]:
    rows = Claim.objects.filter(person=person, status="live").prefetch_related("totals")
    return [(t.credits, t.designated) for row in rows for t in row.totals.all()]


def page_of(row: Claim) -> str:
    return reverse("admin:credits_claim_change", args=[row.pk])


def act(client, name: str, row: Claim, **said):
    return client.post(reverse(f"admin:credits_claim_{name}", args=[row.pk]), said, follow=True)


# --- fewer or more -----------------------------------------------------------------------------------


def test_fewer_are_a_claim_in_its_place_and_a_certificate_that_replaces_the_other(
    staff, django_capture_on_commit_callbacks
):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    first = old.certificates.get()
    sent = OutboxMessage.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        new = adjusting.adjust(
            claim_id=old.pk, choices={one.pk: Decimal("1.00"), two.pk: Decimal("0.25")}, reason="Left after a quarter of an hour.", note="You told us.", by=staff,
        )  # fmt: skip
    old.refresh_from_db()
    assert (old.status, old.void_reason) == ("void", "Adjusted: Left after a quarter of an hour.")
    assert (new.adjusts, new.claimed_at, new.attestation, new.form_key) == (old, old.claimed_at, old.attestation, None)
    assert [(t.credits, t.minutes) for t in old.totals.all()] == [(Decimal("2.00"), 120)]
    assert live(old.person) == [(Decimal("1.25"), Decimal("2.00"))]
    assert set(ClaimLine.objects.filter(voided_at=None).values_list("claim", "minutes")) == {(new.pk, 60), (new.pk, 15)}
    first.refresh_from_db()
    second = new.certificates.get()
    assert (first.status, first.end_why, second.supersedes, second.number) == ("superseded", "credit", first, 2)
    certificates.render(second.pk)
    assert second.snapshot["facts"]["credits"] == "1.25"
    letter = OutboxMessage.objects.order_by("-pk")[0]
    assert OutboxMessage.objects.count() == sent + 1
    assert "Your corrected certificate is ready" in letter.subject
    assert "You told us." in letter.text
    event = AuditEvent.objects.get(event="claim_adjusted")
    assert event.reason == "Left after a quarter of an hour."


def test_more_within_the_record_and_never_beyond_it(staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks, amounts=("0.50", "0.00"))
    with pytest.raises(Invalid) as refused:
        adjusting.adjust(claim_id=old.pk, choices={one.pk: Decimal("1.25")}, reason="More.", by=staff)
    assert refused.value.fields == {f"s{one.pk}": "At most 1.00: All 60 minutes."}
    old.refresh_from_db()
    assert (old.status, live(old.person)) == ("live", [(Decimal("0.50"), Decimal("2.00"))])
    adjusting.adjust(
        claim_id=old.pk, choices={one.pk: Decimal("1.00"), two.pk: Decimal("1.00")}, reason="More.", by=staff
    )
    assert live(old.person) == [(Decimal("2.00"), Decimal("2.00"))]


def test_what_the_record_lost_cannot_be_kept_by_an_adjustment(staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    correct(two, old.person, staff, 20)
    now = adjusting.as_it_is(old)
    assert {v.session.id: v.minutes for v in now.sessions} == {one.pk: 60, two.pk: 20}
    assert now.claimed == {f"s{one.pk}": Decimal("1.00"), f"s{two.pk}": Decimal("1.00")}
    with pytest.raises(Invalid):
        adjusting.adjust(
            claim_id=old.pk, choices={one.pk: Decimal("1.00"), two.pk: Decimal("1.00")}, reason="x", by=staff
        )
    assert Claim.objects.count() == 1


def test_an_adjustment_that_changes_nothing_or_leaves_nothing_is_refused(staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    for choices, sentence in (
        ({one.pk: Decimal("1.00"), two.pk: Decimal("1.00")}, "This is what is claimed already."),
        ({one.pk: Decimal(0), two.pk: Decimal(0)}, "Nothing would be left of it. Withdraw the claim instead."),
    ):
        with pytest.raises(Invalid) as refused:
            adjusting.adjust(claim_id=old.pk, choices=choices, reason="x", by=staff)
        assert refused.value.messages == [sentence] or list(refused.value.messages) == [sentence]
    with pytest.raises(NotAllowed):
        adjusting.adjust(claim_id=old.pk, choices={}, reason="x", by=actor_of(UserFactory()))
    assert Claim.objects.count() == Certificate.objects.count() == 1


def test_it_is_put_right_long_after_the_window(staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    clock.move(dt.timedelta(days=300))
    try:
        amounts = {one.pk: Decimal("1.00"), two.pk: Decimal("0.50")}
        adjusting.adjust(claim_id=old.pk, choices=amounts, reason="x", by=staff)
    finally:
        clock.forget()
    assert live(old.person) == [(Decimal("1.50"), Decimal("2.00"))]


def test_what_the_record_lost_stays_on_the_page_until_the_office_takes_it_out(
    client, staff, django_capture_on_commit_callbacks
):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    correct(two, old.person, staff, withdrawn=True)
    page = client.get(reverse("admin:credits_claim_adjust", args=[old.pk])).content.decode()
    assert "Claimed now: 2.00 AMA PRA Category 1 Credits™." in page
    assert "Claimed: 1.00. At most 0.00. We found no check-in under your name." in page
    refused = act(client, "adjust", old, **{f"s{one.pk}": "0.75", f"s{two.pk}": "1.00", "reason": "x"})
    assert refused.redirect_chain == []
    assert live(old.person) == [(Decimal("2.00"), Decimal("2.00"))]
    act(client, "adjust", old, **{f"s{one.pk}": "0.75", f"s{two.pk}": "0", "reason": "x"})
    assert live(old.person) == [(Decimal("0.75"), Decimal("2.00"))]


def test_a_session_that_left_the_activity_stays_on_the_page_too(staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    type(two).objects.filter(pk=two.pk).update(removed_at=clock.now())
    now = adjusting.as_it_is(old)
    assert dict(now.gone) == {f"s{two.pk}": two.title}
    assert now.claimed[f"s{two.pk}"] == Decimal("1.00")
    assert f"s{two.pk}" in AdjustForm(None, now=now).fields
    with pytest.raises(Invalid) as refused:
        adjusting.adjust(claim_id=old.pk, choices={one.pk: Decimal("0.50"), two.pk: Decimal(1)}, reason="x", by=staff)
    assert refused.value.fields == {f"s{two.pk}": "It is no longer on record."}


def test_what_the_office_let_stand_is_kept_by_a_change_of_another_line_and_not_asked_again(
    client, staff, django_capture_on_commit_callbacks
):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    correct(two, old.person, staff, 15)
    line = old.lines.get(session=two)
    support.keep(line_id=line.pk, supported=15, reason="The speaker confirms the hour.", by=staff)
    assert client.get(reverse("admin:credits_claim_adjust", args=[old.pk])).content.decode().count("At most 1.00.") == 2
    act(client, "adjust", old, **{f"s{one.pk}": "0.75", f"s{two.pk}": "1.00", "reason": "Left the first early."})
    assert live(old.person) == [(Decimal("1.75"), Decimal("2.00"))]
    review = ClaimReview.objects.get(line__claim=old.adjusted_by)
    assert (review.supported, review.reason) == (15, "The speaker confirms the hour.")
    assert support.open_lines() == []
    correct(two, old.person, staff, 10)  # the record changed again: the decision is of what it was
    assert [v.minutes for v in adjusting.as_it_is(old.adjusted_by).sessions if v.session.id == two.pk] == [10]


@pytest.mark.parametrize("items", [1, 3])
def test_the_list_of_claims_says_what_was_claimed_at_a_constant_cost(
    client, staff, items, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    rows = [issued(django_capture_on_commit_callbacks, person=PersonFactory())[0] for _n in range(items)]
    listed = reverse("admin:credits_claim_changelist")
    client.get(listed)
    with django_assert_max_num_queries(9):
        shown = client.get(listed).content.decode()
    assert shown.count("2.00 AMA PRA Category 1 Credits™") == items
    assert all(row.activity.number in shown for row in rows)


def test_a_claim_and_its_certificate_lead_to_each_other(client, staff, django_capture_on_commit_callbacks):
    row, _made = issued(django_capture_on_commit_callbacks)
    certificate = reverse("admin:credits_certificate_change", args=[row.certificates.get().pk])
    person = reverse("admin:accounts_person_change", args=[row.person_id])
    activity = reverse("admin:activities_activity_change", args=[row.activity_id])
    assert all(f'href="{url}' in client.get(page_of(row)).content.decode() for url in (certificate, person, activity))
    shown = client.get(certificate).content.decode()
    assert all(f'<a href="{url}">' in shown for url in (person, activity, page_of(row)))


def test_staff_adjust_withdraw_and_restore_on_pages(client, staff, django_capture_on_commit_callbacks):
    old, (one, two) = issued(django_capture_on_commit_callbacks)
    page = client.get(reverse("admin:credits_claim_adjust", args=[old.pk])).content.decode()
    assert page.count("At most 1.00. All 60 minutes.") == 2
    refused = act(client, "adjust", old, **{f"s{one.pk}": "3", f"s{two.pk}": "1.00", "reason": "More."})
    assert "At most 1.00: All 60 minutes." in refused.content.decode()
    assert 'value="3"' in refused.content.decode()
    assert Claim.objects.count() == 1
    changed = act(client, "adjust", old, **{f"s{one.pk}": "0.75", f"s{two.pk}": "0", "reason": "Left early."})
    new = old.adjusted_by
    assert changed.redirect_chain == [(page_of(new), 302)]
    said = "2.00 AMA PRA Category 1 Credits™ before, 0.75 AMA PRA Category 1 Credit™ now."
    assert said in changed.content.decode()
    assert live(old.person) == [(Decimal("0.75"), Decimal("2.00"))]
    assert "A corrected claim took its place." in act(client, "restore", old, reason="x").content.decode()
    shown = client.get(page_of(old)).content.decode()
    assert f'<a href="{page_of(new)}">claim {new.pk}</a>' in shown
    assert not any(f"/{old.pk}/{name}" in shown for name in ("restore", "adjust", "void"))
    act(client, "void", new, reason="Was not there.", note="Write to us if you were.")
    assert live(old.person) == []
    assert f"/{new.pk}/restore" in client.get(page_of(new)).content.decode()
    act(client, "restore", new, reason="Was there after all.")
    assert live(old.person) == [(Decimal("0.75"), Decimal("2.00"))]


# --- withdrawn and taken back ------------------------------------------------------------------------


def test_a_withdrawal_is_taken_back_with_its_certificate_and_the_learner_told(
    staff, django_capture_on_commit_callbacks
):
    row, _made = issued(django_capture_on_commit_callbacks)
    claims.void(claim_id=row.pk, reason="Was not there.", by=staff)
    assert OutboxMessage.objects.order_by("-pk")[0].subject.startswith("Your certificate was revoked")
    certificate = row.certificates.get()
    assert (certificate.status, ClaimLine.objects.filter(voided_at=None).count()) == ("revoked", 0)
    adjusting.restore(claim_id=row.pk, reason="Was there after all.", by=staff)
    row.refresh_from_db()
    certificate.refresh_from_db()
    assert (row.status, row.voided_by, certificate.status) == ("live", "", "issued")
    assert ClaimLine.objects.filter(voided_at=None).count() == 2
    assert OutboxMessage.objects.order_by("-pk")[0].subject.startswith("Your certificate is valid again")
    with pytest.raises(Conflict):
        adjusting.restore(claim_id=row.pk, reason="x", by=staff)


@pytest.mark.parametrize("standing", ["on_request", "preparing", None])
def test_of_a_claim_whose_certificate_was_never_made_each_act_writes_once_about_the_claim(
    staff, standing, django_capture_on_commit_callbacks
):
    person, activity, (one,) = ready()
    mailbox(person)
    row = claim(person, activity, {one: "1.00"})  # nothing runs before commit: its certificate is not made
    if standing is None:
        Certificate.objects.all().delete()
    else:
        Certificate.objects.update(status=standing)
    with django_capture_on_commit_callbacks(execute=True):
        claims.void(claim_id=row.pk, reason="Was not there.", note="Write to us if you were.", by=staff)
    with django_capture_on_commit_callbacks(execute=True):
        adjusting.restore(claim_id=row.pk, reason="Was there.", note="We are sorry.", by=staff)
    for made in Certificate.objects.filter(status="preparing"):
        certificates.render(made.pk)
    letters = list(OutboxMessage.objects.filter(to=f"person{person.pk}@lakeshore.example").order_by("pk"))
    assert [letter.subject.partition(":")[0] for letter in letters] == ["Your claim was withdrawn", "Your claim counts again"]  # fmt: skip
    for letter, words in zip(letters, ("Write to us if you were.", "We are sorry."), strict=True):
        assert words in letter.text
        assert words in letter.html
        assert "1.00 AMA PRA Category 1 Credit™" in letter.text
    assert row.certificates.get().status == ("on_request" if standing is None else "issued")


def test_what_was_claimed_again_since_is_not_restored_beside_it(staff, django_capture_on_commit_callbacks):
    row, (one, _two) = issued(django_capture_on_commit_callbacks)
    claims.void(claim_id=row.pk, reason="Was not there.", by=staff)
    claim(row.person, row.activity, {one: "1.00"})
    with pytest.raises(Conflict) as refused:
        adjusting.restore(claim_id=row.pk, reason="x", by=staff)
    assert "claimed again since" in str(refused.value)
    row.refresh_from_db()
    assert row.status == "void"


def test_what_runs_parallel_to_a_newer_claim_is_not_restored(staff, django_capture_on_commit_callbacks):
    """AMA-CALC-4."""
    row, (one, _two) = issued(django_capture_on_commit_callbacks)
    claims.void(claim_id=row.pk, reason="Was not there.", by=staff)
    _person, elsewhere, _made = ready(sessions=1, person=row.person)
    parallel = SessionFactory(activity=elsewhere, title="The other room", starts_at=one.starts_at)
    attend(row.person, parallel)
    claim(row.person, elsewhere, {parallel: "1.00"})
    with pytest.raises(Conflict) as refused:
        adjusting.restore(claim_id=row.pk, reason="x", by=staff)
    assert "The other room" in str(refused.value)
    assert Claim.objects.get(pk=row.pk).status == "void"


# --- the record changed after the claim --------------------------------------------------------------


def test_a_corrected_record_lists_the_claim_and_never_edits_it(client, staff, django_capture_on_commit_callbacks):
    row, (one, two) = issued(django_capture_on_commit_callbacks)
    other, _made = issued(django_capture_on_commit_callbacks, person=PersonFactory())
    assert support.open_lines() == []
    correct(two, row.person, staff, withdrawn=True)
    [weak] = support.open_lines()
    assert (weak.line.claim_id, weak.line.session_id, weak.line.minutes, weak.supported) == (row.pk, two.pk, 60, 0)
    assert live(row.person) == [(Decimal("2.00"), Decimal("2.00"))]
    page = client.get(reverse("claim_desk:home")).content.decode()
    assert row.person.name_with_degrees in page
    assert "The record supports 0 minutes now." in page
    assert other.person.name_with_degrees not in page
    adjusting.adjust(claim_id=row.pk, choices={one.pk: Decimal("1.00")}, reason="Was not in the second.", by=staff)
    assert support.open_lines() == []


def test_the_office_lets_it_stand_until_the_record_changes_again(client, staff, django_capture_on_commit_callbacks):
    row, (_one, two) = issued(django_capture_on_commit_callbacks)
    correct(two, row.person, staff, 30)
    [weak] = support.open_lines()
    home = reverse("claim_desk:home")
    said = {"line": weak.line.pk, "supported": 30}
    assert "Say why, in a sentence." in client.post(home, {**said, "reason": " "}).content.decode()
    assert "it supports 30 minutes now" in client.post(home, {**said, "supported": 20, "reason": "x"}).content.decode()
    assert ClaimReview.objects.count() == 0
    client.post(home, {**said, "reason": "The speaker confirms the whole hour."})
    assert [(r.line_id, r.supported, r.reason) for r in ClaimReview.objects.all()] == [(weak.line.pk, 30, "The speaker confirms the whole hour.")]  # fmt: skip
    assert support.open_lines() == []
    assert "The record supports every claim" in client.get(home).content.decode()
    correct(two, row.person, staff, 10)
    assert [w.supported for w in support.open_lines()] == [10]


def test_attendance_that_went_to_another_person_lists_the_claim(staff, django_capture_on_commit_callbacks):
    row, (_one, two) = issued(django_capture_on_commit_callbacks)
    [one_link] = IdentityLink.objects.filter(identity__evidence__session=two, person=row.person)
    # Stamped before the claim, as by a clock that is behind.
    at = row.claimed_at - dt.timedelta(seconds=1)
    IdentityLink.objects.filter(pk=one_link.pk).update(ended_at=at, ended_by="test")
    assert {(w.line.claim_id, w.supported) for w in support.open_lines()} == {(row.pk, 0)}


def test_what_was_corrected_before_the_claim_is_no_finding(staff):
    person, activity, (one,) = ready()
    correct(one, person, staff, 30)
    claim(person, activity, {one: "0.50"})
    assert support.open_lines() == []


@pytest.mark.parametrize("items", [1, 3])
def test_the_list_takes_a_constant_number_of_queries(
    client, staff, items, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    for _n in range(items):
        row, (_one, two) = issued(django_capture_on_commit_callbacks, person=PersonFactory())
        correct(two, row.person, staff, 30)
    client.get(reverse("claim_desk:home"))
    with django_assert_max_num_queries(9):
        assert client.get(reverse("claim_desk:home")).content.decode().count("Let it stand") == items


def test_learners_do_not_see_the_list(client):
    client.force_login(UserFactory())
    assert client.get(reverse("claim_desk:home")).status_code in {302, 403}
