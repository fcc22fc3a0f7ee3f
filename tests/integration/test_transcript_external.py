"""Credit from elsewhere: entered with its proof, changed, removed and brought back by its owner; never ours."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accounts.actors import actor_of_person
from common import clock
from common.errors import Conflict, NotAllowed
from common.models import AuditEvent, StoredFile
from credits.domain import external
from credits.models import Claim, CreditType, ExternalCredit
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
PAGE = "/transcript/elsewhere/"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def person():
    return UserFactory(person=PersonFactory()).person


@pytest.fixture
def learner(client, person):
    client.force_login(person.user)
    return client


def typed(**changes):
    return {
        "title": "Spring meeting", "provider_name": "Harbor Medical Society", "earned_on": "2026-04-18", "credit_type": "ama_pra_1", "other_type": "",
        "amount": "6.50", "form_key": str(uuid.uuid4()), **changes,
    }  # fmt: skip


def proof(name="Proof.pdf", content=PDF):
    return SimpleUploadedFile(name, content, "application/pdf")


def test_added_with_its_proof(learner, person):
    answer = learner.post(PAGE, {**typed(topics=["pain", "ethics"]), "proof": proof()})
    assert answer["Location"] == "/transcript/"
    row = ExternalCredit.objects.get()
    assert (row.person, row.title, row.amount, row.credit_type_id, row.topics) == (person, "Spring meeting", Decimal("6.50"), "ama_pra_1", ["ethics", "pain"])  # fmt: skip
    download = learner.get(f"/transcript/elsewhere/{row.pk}/proof/")
    assert b"".join(download.streaming_content) == PDF
    assert AuditEvent.objects.filter(event="external_credit_added", subject_id=str(row.pk)).count() == 1
    assert Claim.objects.count() == 0


def test_the_same_page_twice_is_one_line(learner):
    data = typed()
    learner.post(PAGE, data)
    learner.post(PAGE, data)
    assert ExternalCredit.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"), ({"provider_name": " "}, "provider_name"), ({"earned_on": "2026-12-31"}, "earned_on"), ({"earned_on": "1900-01-01"}, "earned_on"),
        ({"amount": "0"}, "amount"), ({"amount": "-1"}, "amount"), ({"amount": "1.10"}, "amount"), ({"amount": "1000.25"}, "amount"), ({"amount": "NaN"}, "amount"),
        ({"credit_type": "", "other_type": ""}, "other_type"), ({"credit_type": "attendance"}, "credit_type"), ({"topics": ["nonsense"]}, "topics"),
    ],
)  # fmt: skip
def test_what_does_not_stand_is_said_at_its_field(learner, changes, field):
    page = learner.post(PAGE, typed(**changes))
    assert list(page.context["form"].errors) == [field]
    assert ExternalCredit.objects.count() == 0


def test_a_file_that_is_no_proof(learner):
    page = learner.post(PAGE, {**typed(), "proof": proof("list.csv", b"a,b\n")})
    assert list(page.context["form"].errors) == ["proof"]
    assert (ExternalCredit.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_another_type_needs_no_quarters(learner):
    learner.post(PAGE, typed(credit_type="", other_type="AMA PRA Category 2", amount="1.10"))
    row = ExternalCredit.objects.get()
    assert (row.credit_type, row.other_type, row.amount) == (None, "AMA PRA Category 2", Decimal("1.10"))


def test_a_type_without_steps_takes_any_amount(learner):
    """What the rulebook leaves open has no increment yet (IP-2)."""
    kind = CreditType.objects.filter(is_attendance=False, increment=None).first()
    assert kind
    learner.post(PAGE, typed(credit_type=kind.pk, amount="1.10"))
    assert [row.amount for row in ExternalCredit.objects.all()] == [Decimal("1.10")]


def test_changed_and_its_proof_dropped(learner, person):
    row = ExternalCreditFactory(person=person)
    page = learner.get(f"{PAGE}{row.pk}/")
    assert page.context["form"].initial["title"] == row.title
    learner.post(f"{PAGE}{row.pk}/", typed(title="Autumn meeting", drop_proof="on"))
    row.refresh_from_db()
    assert (row.title, row.proof) == ("Autumn meeting", None)
    assert StoredFile.objects.count() == 1


def test_removed_and_brought_back(learner, person):
    row = ExternalCreditFactory(person=person, title="Spring meeting")
    answer = learner.post(f"{PAGE}{row.pk}/remove/")
    page = learner.get(answer["Location"])
    assert page.context["found"].external == ()
    assert "Removed “Spring meeting”." in page.content.decode()
    learner.post(f"{PAGE}{row.pk}/restore/")
    assert [e.title for e in learner.get("/transcript/").context["found"].external] == ["Spring meeting"]
    assert (
        learner.post(f"{PAGE}{row.pk}/restore/", follow=True).status_code == 409
        or ExternalCredit.objects.filter(removed_at=None).count() == 1
    )


def test_nobody_touches_somebody_elses(client, person):
    row = ExternalCreditFactory(person=person)
    other = UserFactory(person=PersonFactory()).person
    client.force_login(other.user)
    for part in ("", "proof/", "remove/"):
        assert client.get(f"{PAGE}{row.pk}/{part}").status_code == 404
    with pytest.raises(Conflict):
        external.remove(person_id=other.pk, external_id=row.pk, by=actor_of_person(other))
    with pytest.raises(NotAllowed):
        external.remove(person_id=person.pk, external_id=row.pk, by=actor_of_person(other))
    row.refresh_from_db()
    assert row.removed_at is None


def test_the_database_keeps_it_coherent(person):
    for wrong in ({"amount": 0}, {"credit_type_id": None}, {"other_type": "x"}, {"removed_at": NOW}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExternalCreditFactory(person=person, **wrong)


def test_the_same_line_is_not_counted_twice(learner, person):
    """Entered once more by hand, not by a double press: it would fill a meter that is not full."""
    learner.post(PAGE, typed())
    again = learner.post(PAGE, {**typed(), "topics": ["pain"]})
    assert (again.status_code, "entered this already" in again.content.decode()) == (200, True)
    first = ExternalCredit.objects.get()
    external.remove(person_id=person.pk, external_id=first.pk, by=actor_of_person(person))
    assert learner.post(PAGE, typed()).status_code == 302
    assert ExternalCredit.objects.filter(removed_at=None).count() == 1
