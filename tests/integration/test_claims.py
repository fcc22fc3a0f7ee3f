"""Claiming: what is granted, to whom, once; what is printed and told."""

import uuid
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from common.errors import Conflict, Invalid
from common.models import OutboxMessage
from credits.domain import certificates, claims, verification
from credits.models import Certificate, CertificateFile, Claim, ClaimLine, ClaimTotal
from tests.factories import PersonFactory
from tests.integration.claim_cases import BY, claim, ready

pytestmark = pytest.mark.django_db(transaction=True)


def printed(certificate):
    return " ".join(
        PdfReader(BytesIO(bytes(CertificateFile.objects.get(certificate=certificate).content)))
        .pages[0]
        .extract_text()
        .split()
    )


def test_wrong_5_a_physician_is_awarded_what_was_claimed():
    """WRONG-5, AMA-CERT-1, AMA-CORE-3: the number is the claim, not the maximum."""
    person, activity, (one, two) = ready(sessions=2)
    made = claim(person, activity, {one: "1.00", two: "0.75"})
    total = made.totals.get()
    assert (total.minutes, total.credits, total.designated, total.credit_type_id) == (
        105,
        Decimal("1.75"),
        Decimal("2.00"),
        "ama_pra_1",
    )
    text = printed(made.certificates.get())
    assert person.name_with_degrees in text
    assert "and is awarded" in text
    assert "1.75 AMA PRA Category 1 Credits™." in text
    assert "accredited by the Accreditation Council for Continuing Medical Education (ACCME)" in text


def test_wrong_5_a_nurse_gets_the_designated_maximum_and_is_never_awarded():
    """WRONG-5, AMA-CERT-2."""
    person, activity, (one,) = ready(person=PersonFactory(nurse=True), maximum="5.50")
    made = claim(person, activity, {one: "1.00"})
    total = made.totals.get()
    assert (total.credits, total.designated, total.credit_type_id) == (Decimal("0.00"), Decimal("5.50"), "attendance")
    text = printed(made.certificates.get())
    assert "awarded" not in text
    assert "This activity was designated for 5.50 AMA PRA Category 1 Credits™." in text


def test_wrong_8_a_series_is_rounded_session_by_session_and_lists_its_sessions():
    """WRONG-8."""
    person, activity, sessions = ready(sessions=3, series=True)
    made = claim(person, activity, dict.fromkeys(sessions, "1.00"))
    assert sorted(made.lines.values_list("credits", flat=True)) == [Decimal("1.00")] * 3
    snapshot = made.certificates.get().snapshot
    assert [row["credits"] for row in snapshot["sessions"]] == ["1.00"] * 3
    assert snapshot["facts"]["credits"] == "3.00"


def test_the_same_opened_page_pressed_twice_is_one_claim():
    person, activity, (one,) = ready()
    key = uuid.uuid4()
    first, second = claim(person, activity, {one: "1.00"}, key=key), claim(person, activity, {one: "1.00"}, key=key)
    assert first.pk == second.pk
    assert (Claim.objects.count(), ClaimLine.objects.count(), Certificate.objects.count()) == (1, 1, 1)


def test_a_claimed_session_is_not_claimed_again():
    person, activity, (one,) = ready()
    claim(person, activity, {one: "1.00"})
    with pytest.raises(Conflict, match="claimed all of it already"):
        claim(person, activity, {one: "1.00"})
    assert ClaimTotal.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [("evaluation", "Answer the evaluation first"), ("evidence", "no check-in under your name")],
)
def test_what_is_missing_refuses_the_claim_and_writes_nothing(change, sentence):
    person, activity, (one,) = ready(evaluated=change != "evaluation")
    if change == "evidence":
        person = PersonFactory()
        from tests.integration.claim_cases import evaluate

        evaluate(person, activity)
    with pytest.raises(Conflict, match=sentence):
        claim(person, activity, {one: "1.00"})
    assert (Claim.objects.count(), Certificate.objects.count(), OutboxMessage.objects.count()) == (0, 0, 0)


def test_more_than_the_evidence_is_refused_at_its_session():
    person, activity, (one,) = ready()
    with pytest.raises(Invalid) as caught:
        claim(person, activity, {one: "1.25"})
    assert caught.value.fields == {f"s{one.pk}": "At most 1.00: All 60 minutes."}
    assert Claim.objects.count() == 0


def test_choosing_nothing_is_refused():
    person, activity, (one,) = ready()
    with pytest.raises(Invalid, match="at least one session"):
        claim(person, activity, {one: "0.00"})


def test_the_certificate_is_stored_with_its_hash_and_mailed_once():
    import hashlib

    person, activity, (one,) = ready()
    row = claim(person, activity, {one: "1.00"}).certificates.get()
    content = bytes(row.file.content)
    assert (row.status, row.sha256) == ("issued", hashlib.sha256(content).hexdigest())
    certificates.render(row.pk)
    assert OutboxMessage.objects.filter(template="certificate_ready").count() == 1
    assert CertificateFile.objects.count() == 1


def test_a_changed_name_changes_no_issued_certificate_and_superseding_says_so():
    """Law 4: correction is a new version; the old code says superseded."""
    person, activity, (one,) = ready()
    old = claim(person, activity, {one: "1.00"}).certificates.get()
    before = old.snapshot["facts"]["name"]
    person.family_name = "Marchetti-Lin"
    person.save(update_fields=["family_name"])
    new = certificates.supersede(certificate_id=old.pk, reason="Married name", by=BY)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.snapshot["facts"]["name"]) == ("superseded", before)
    assert (new.status, new.number, "Marchetti-Lin" in new.snapshot["facts"]["name"]) == ("issued", 2, True)
    found = verification.find(old.code)
    assert (found.stands, found.replacement) == (False, new)


def test_a_withdrawn_claim_revokes_its_certificate_and_frees_its_session():
    person, activity, (one,) = ready()
    first = claim(person, activity, {one: "1.00"})
    claims.void(claim_id=first.pk, reason="Claimed for the wrong person", by=BY)
    assert verification.find(first.certificates.get().code).certificate.status == "revoked"
    again = claim(person, activity, {one: "0.50"})
    assert again.totals.get().credits == Decimal("0.50")
    with pytest.raises(Conflict, match="withdrawn already"):
        claims.void(claim_id=first.pk, reason="Twice", by=BY)


@pytest.mark.parametrize("field", ["snapshot", "code", "number", "sha256"])
def test_the_database_keeps_an_issued_certificate_as_it_is(field):
    from django.db.utils import InternalError

    person, activity, (one,) = ready()
    row = claim(person, activity, {one: "1.00"}).certificates.get()
    with pytest.raises(InternalError):
        Certificate.objects.filter(pk=row.pk).update(
            **{field: {"x": 1} if field == "snapshot" else 7 if field == "number" else "0" * 24}
        )


@pytest.mark.parametrize("typed", ["ls-26-7kq4", "", "LS26", "nothing at all", "LS-26-ZZZZ-ZZZZ-ZZZZ"])
def test_unknown_codes_are_not_found(typed):
    assert verification.find(typed) is None


def test_a_code_is_found_however_it_is_typed():
    person, activity, (one,) = ready()
    row = claim(person, activity, {one: "1.00"}).certificates.get()
    for typed in (row.code, row.code.lower(), row.code.replace("-", " "), row.code.replace("-", "")):
        assert verification.find(typed).certificate == row
