"""Looking for people who stand in the records twice, and the office's pages about them."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.domain import duplicates, merging
from accounts.models import DuplicateSuggestion, Licence, Person, PersonAddress, PersonMerge, PersonNumber
from common import clock
from common.errors import Conflict
from common.models import Job
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.people_cases import OFFICE, join, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def office(client) -> Client:
    client.force_login(UserFactory(roles=["staff"], person=PersonFactory(family_name="Kowalczyk", given_name="Joan")))
    return client


@pytest.fixture
def crowd():
    """Enough others that a name can be rare."""
    return [PersonFactory(given_name=f"Given{n}", family_name=f"Crowd{n}", profession="nurse") for n in range(60)]


def person(given="Xiomara", family="Quintanilla", **values):
    return PersonFactory(given_name=given, family_name=family, **values)


def address(owner, value, kind="phone", proved=False):
    at = clock.now()
    return PersonAddress.objects.create(
        person=owner, kind=kind, value=value, verified_at=at if proved else None, created_at=at
    )


def found() -> dict[tuple[int, int], set[str]]:
    duplicates.look()
    return {(s.low_id, s.high_id): {key for key, _p, _t in s.reasons} for s in DuplicateSuggestion.objects.all()}


def test_each_kind_of_clue_finds_its_pair(crowd):
    at = clock.now()
    phone = [person("Ana", "Silva"), person("Ana", "Silva")]
    for p in phone:
        address(p, "+12025550123")
    npi = [person("Bruno", "Costa"), person("Bruno", "Kosta")]
    for p in npi:
        PersonNumber.objects.create(person=p, kind="npi", value="1234567893", added_at=at)
    licence = [person("Clara", "Weiss"), person("Clara", "Weiß")]
    for p in licence:
        Licence.objects.create(person=p, state="CT", kind="physician", number="123", added_at=at)
    mail = [person("Dora", "Novak"), person("Dora", "Novak")]
    address(mail[0], "dora@private.example", kind="email", proved=True)
    address(mail[1], "dora@private.example", kind="email")
    rare, swapped = [person(), person()], [person("Petrov", "Ivana"), person("Ivana", "Petrov")]
    marked = [person("Zofia", "Wójcik"), person("Zofia", "WOJCIK")]
    pairs = found()
    expected = {tuple(p.pk for p in two): key for two, key in (
        (phone, "phone"), (npi, "number"), (licence, "licence"), (mail, "email"), (rare, "rare"), (swapped, "name"), (marked, "name"),
    )}  # fmt: skip
    assert set(pairs) == set(expected)
    assert all(key in pairs[pair] for pair, key in expected.items())


def test_different_people_are_left_alone(crowd):
    father, son = person("Karl", "Berg", profession="physician"), person("Karla", "Berg", profession="nurse")
    for p in (father, son):
        address(p, "+12025550123")
    PersonNumber.objects.create(person=father, kind="npi", value="1234567893", added_at=clock.now())
    PersonNumber.objects.create(person=son, kind="npi", value="1245319599", added_at=clock.now())
    assert found() == {}


def test_closed_and_joined_records_are_not_looked_at(crowd):
    a, b, c = person(), person(), person()
    Person.objects.filter(pk=a.pk).update(deactivated_at=clock.now())
    assert set(found()) == {(b.pk, c.pk)}
    join(b, c)
    assert DuplicateSuggestion.objects.filter(state="open").count() == 0
    duplicates.look()
    assert DuplicateSuggestion.objects.filter(state="open").count() == 0


def test_not_the_same_person_is_remembered_also_for_who_they_were_joined_to(crowd):
    a, b, c = person(), person(), person()
    duplicates.look()
    merging.dismiss(one_id=b.pk, other_id=a.pk, note="Father and daughter.", by=OFFICE)
    with pytest.raises(Conflict):
        merging.dismiss(one_id=a.pk, other_id=b.pk, note="", by=OFFICE)
    join(a, c)
    duplicates.look()
    left = DuplicateSuggestion.objects.filter(state="open")
    assert list(left) == []  # c is now a, who is not b
    row = DuplicateSuggestion.objects.get(state="dismissed")
    merging.reopen(suggestion_id=row.pk, by=OFFICE)
    assert DuplicateSuggestion.objects.get(pk=row.pk).state == "open"


def test_looking_twice_changes_nothing_and_what_is_no_clue_any_more_goes(crowd):
    a, b = person(), person()
    first = found()
    assert found() == first
    Person.objects.filter(pk=a.pk).update(given_name="Somebody", family_name="Else")
    assert found() == {}
    assert b.pk


def test_what_everybody_shares_is_no_clue_and_makes_no_pairs():
    """The ward's phone: blocks above the limit are left out, so that nobody is compared with everybody."""
    many = [PersonFactory(given_name=f"G{n}", family_name="Garcia") for n in range(duplicates.MOST_IN_BLOCK + 1)]
    for p in many:
        address(p, "+12025550123")
    assert found() == {}


def test_one_person_is_compared_by_the_trigram_index(crowd):
    me, typo, other = person(), person(family="Quintanila"), person("Ana", "Silva")
    address(me, "+12025550123")
    address(other, "+12025550123")
    rows = duplicates.for_person(me)
    assert rows[0][0] == typo
    assert DuplicateSuggestion.objects.count() == 0  # reads only


# --- pages --------------------------------------------------------------------------------------------


def pair():
    a, b = user("a@x.example", given_name="Xiomara", family_name="Quintanilla").person, person()
    low, high = sorted((a.pk, b.pk))
    row = DuplicateSuggestion.objects.create(
        low_id=low, high_id=high, score=90, reasons=[["name", 40, "Same name"], ["npi", -60, "Different NPIs"]], found_at=clock.now()
    )  # fmt: skip
    return a, b, row


@pytest.mark.parametrize("items", [1, 3])
def test_list_query_count(office, items, django_assert_num_queries):
    for _ in range(items):
        low, high = PersonFactory(), PersonFactory()
        DuplicateSuggestion.objects.create(low=low, high=high, score=70, found_at=clock.now())
    office.get(reverse("people:duplicates"))
    with django_assert_num_queries(10):
        assert len(office.get(reverse("people:duplicates")).context["rows"]) == items


def test_the_list_names_both_with_the_reasons_and_finds_by_name(office):
    a, b, _row = pair()
    page = office.get(reverse("people:duplicates"))
    assert "Same name" in page.text
    assert "Different NPIs" in page.text
    assert reverse("people:compare", args=[a.pk, b.pk]) in page.text  # who signs in is kept
    assert len(office.get(reverse("people:duplicates"), {"q": "quint"}).context["rows"]) == 1
    assert "No pair with this name" in office.get(reverse("people:duplicates"), {"q": "zzz"}).text


def test_compare_previews_and_joins_with_a_reason(office):
    a, b, _row = pair()
    RegistrationFactory(person=b)
    url = reverse("people:compare", args=[a.pk, b.pk])
    page = office.get(url)
    assert page.status_code == 200
    assert ("Registrations", 1, 0) in page.context["preview"].counts
    assert "Say how you know" in office.post(url, {}).text
    assert PersonMerge.objects.count() == 0
    done = office.post(url, {"reason": "Same NPI on both."})
    row = PersonMerge.objects.get()
    assert done.url == reverse("admin:accounts_personmerge_change", args=[row.pk])
    assert (row.away, row.kept, row.reason) == (b, a, "Same NPI on both.")
    shown = office.get(done.url)
    assert "Registrations" in shown.text

    apart = office.get(done.url.replace("change/", "take-apart"), follow=True)
    assert "Take the records apart" in apart.text
    office.post(apart.request["PATH_INFO"], {"reason": "Two people."})
    row.refresh_from_db()
    assert row.undone_at is not None


def test_dismissing_and_reopening_by_page(office):
    a, b, row = pair()
    office.post(reverse("people:dismiss", args=[a.pk, b.pk]), {"note": "Sisters."})
    row.refresh_from_db()
    assert (row.state, row.note) == ("dismissed", "Sisters.")
    assert "Sisters." in office.get(reverse("people:duplicates"), {"tab": "settled"}).text
    assert "not the same person" in office.get(reverse("people:compare", args=[a.pk, b.pk])).text
    office.post(reverse("people:reopen", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == "open"


def test_look_again_asks_a_worker_once_a_minute(office):
    office.post(reverse("people:look_again"))
    office.post(reverse("people:look_again"))
    assert Job.objects.filter(name="accounts.tasks.find_duplicates").count() == 1


def test_find_same_computes_now_and_searches(office, crowd):
    a, b = person(), person()
    page = office.get(reverse("people:find_same", args=[a.pk]), {"q": "Crowd1"})
    assert [row[0] for row in page.context["alike"]] == [b]
    assert page.context["found"][0].family_name == "Crowd1"
    assert office.get(reverse("people:find_same", args=[2_000_000_000])).status_code == 404


def test_nobody_else_opens_these_pages(client):
    a, b, _row = pair()
    client.force_login(user("learner@x.example"))
    for url in (reverse("people:duplicates"), reverse("people:compare", args=[a.pk, b.pk])):
        assert client.get(url).status_code == 403
    assert client.post(reverse("people:compare", args=[a.pk, b.pk]), {"reason": "x"}).status_code == 403
    assert PersonMerge.objects.count() == 0
