"""The disclosure page by link and signed in: nothing lost, errors at the field, links that are over."""

import datetime as dt
import re

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.domain import links
from accounts.models import LinkGrant
from common import clock
from common.actors import system
from common.models import OutboxMessage
from integrity.models import Company, Disclosure
from tests.factories.accounts import PersonFactory, ProviderFactory, UserFactory
from tests.factories.activities import ActivityFactory, ActivityRoleFactory
from tests.factories.integrity import CompanyFactory, DisclosureFactory, DisclosureRequestFactory, RelationshipFactory

pytestmark = pytest.mark.django_db
DEFINITION = (
    "Companies that are ineligible to be accredited in the ACCME System (ineligible companies) are those whose primary business is "
    "producing, marketing, selling, re-selling, or distributing healthcare products used by or on patients."
)
NONE = {"action": "send", "answer": "none", "attested_name": "Naomi Feldstein", "row": "1"}
SOME = NONE | {"answer": "some", "c1-company": "Corvane Therapeutics", "c1-nature": "consultant", "c1-going_on": "yes"}


@pytest.fixture(autouse=True)
def provider():
    return ProviderFactory()


@pytest.fixture
def person():
    return PersonFactory(given_name="Naomi", family_name="Feldstein")


@pytest.fixture
def role(person):
    return ActivityRoleFactory(person=person, activity=ActivityFactory(title="Opioid Use Disorder in Primary Care"))


def grant_for(role, *, days=30, purpose="disclosure"):
    with transaction.atomic(durable=True):
        return links.make(person=role.person, purpose=purpose, obj=role.activity, by=system("test"), days=days)


@pytest.fixture
def url(role):
    return reverse("integrity:disclosure_by_link", args=[grant_for(role)[1]])


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).replace("&nbsp;", " ").split())


# --- by link -----------------------------------------------------------------------------------------


def test_page_shows_definition_window_whose_link_and_until_when(client, url, role):
    page = client.get(url)

    assert page.status_code == 200
    assert page["Cache-Control"] == "private, no-store"
    said = text(page)
    assert DEFINITION in said
    assert "In the past 24 months, I have not had any financial relationships with any ineligible companies" in said
    assert "Opioid Use Disorder in Primary Care" in said
    assert "Private link for Naomi Feldstein. No account or password needed. Works until" in said
    assert "$" not in said


def test_opening_the_link_writes_nothing(client, url):
    client.get(url)

    assert LinkGrant.objects.get().last_used_at is None
    assert Disclosure.objects.count() == 0


def test_none_is_sent_and_the_link_then_says_thank_you(client, url, person):
    answer = client.post(url, NONE)

    assert (answer.status_code, answer.url) == (302, url)
    found = Disclosure.objects.get()
    assert (found.person, found.answer, found.method, found.attested_name) == (
        person,
        "none",
        "link",
        "Naomi Feldstein",
    )
    assert LinkGrant.objects.get().last_used_at is not None
    assert "Thank you, Dr. Naomi Feldstein" in text(client.get(url))


def test_replay_shows_the_thank_you_and_lets_one_update(client, url):
    client.post(url, NONE)
    form = client.get(url + "?update=1")
    assert "Is this still true, Dr. Naomi Feldstein?" in text(form)

    client.post(url, SOME)

    assert [d.answer for d in Disclosure.objects.order_by("pk")] == ["none", "some"]
    assert "Corvane Therapeutics" in text(client.get(url))


def test_companies_are_kept_as_given(client, url):
    CompanyFactory(name="Ostrea Diagnostics")
    rows = {
        "row": ["1", "2", "3"], "c2-company": "ostrea diagnostics", "c2-nature": "stock", "c2-traded": "public", "c2-going_on": "yes",
        "c3-company": "Tarn Medical Devices", "c3-nature": "researcher", "c3-going_on": "ended", "c3-ended_on": "3/2026", "c3-traded": "private",
    }  # fmt: skip

    client.post(url, SOME | rows)

    found = Disclosure.objects.get().relationships.select_related("company")
    assert [(r.company.name, r.nature, r.ended, r.ended_on, r.traded) for r in found] == [
        ("Corvane Therapeutics", "consultant", False, "", ""),
        ("Ostrea Diagnostics", "stock", False, "", "public"),
        ("Tarn Medical Devices", "researcher", True, "March 2026", ""),
    ]


@pytest.mark.parametrize(("change", "field", "sentence"), [
    ({"answer": ""}, "id_answer", "Choose one of the two answers."),
    ({"attested_name": ""}, "id_attested_name", "Write your name; it is your signature."),
    ({"c1-company": "Corvanex®"}, "id_c1-company", "Write the company, not a product: its name without ® or ™."),
    ({"c1-company": ""}, "id_c1-company", "Write the company’s name in full."),
    ({"c1-nature": ""}, "id_c1-nature", "Choose what it was."),
    ({"c1-nature": "stock"}, "id_c1-traded", "Say whether the company is privately held. It decides whether stock makes you an owner."),
    ({"c1-going_on": ""}, "id_c1-going_on", "Say whether it is still going on."),
    ({"c1-going_on": "ended", "c1-ended_on": "3/26?"}, "id_c1-ended_on", "Write a month and year, for example “March 2026”."),
    ({"c1-going_on": "ended", "c1-ended_on": "March 2199"}, "id_c1-ended_on", "Write a month and year, for example “March 2026”."),
])  # fmt: skip
def test_errors_stand_at_the_field_and_nothing_typed_is_lost(client, url, change, field, sentence):
    sent = SOME | {"c1-company": "Corvane Therapeutics"} | change

    page = client.post(url, sent)

    assert page.status_code == 200
    html = page.content.decode()
    found = re.search(rf'id="{re.escape(field)}_error">(.*?)</div>', html, re.DOTALL)
    assert sentence in found[1]
    for name in ("c1-company", "c1-ended_on", "attested_name"):
        if sent.get(name):
            assert f'value="{sent[name]}"' in html
    assert "One answer needs a change" in text(page)
    assert (Disclosure.objects.count(), Company.objects.count()) == (0, 0)


def test_none_with_a_company_named_is_asked_back(client, url):
    page = client.post(url, SOME | {"answer": "none"})

    assert "You named a company below. Choose the other answer, or remove the company." in text(page)
    assert 'value="Corvane Therapeutics"' in page.content.decode()
    assert Disclosure.objects.count() == 0


def test_some_without_a_company_is_not_a_disclosure(client, url):
    page = client.post(url, NONE | {"answer": "some"})

    assert "Write the company’s name in full." in text(page)
    assert Disclosure.objects.count() == 0


def test_add_another_company_keeps_everything_typed_and_complains_about_nothing(client, url):
    page = client.post(
        url,
        {
            "action": "add",
            "answer": "some",
            "row": "1",
            "c1-company": "Corvane",
            "c1-ended_on": "3/26?",
            "attested_name": "N. F.",
        },
    )

    html = page.content.decode()
    assert 'value="Corvane"' in html
    assert 'value="3/26?"' in html
    assert 'value="N. F."' in html
    assert (html.count('name="row"'), "invalid-feedback" in html) == (2, False)
    assert re.search(r'name="c2-company"[^>]*autofocus', html)
    assert Disclosure.objects.count() == 0


def test_add_without_an_answer_means_there_was_one(client, url):
    html = client.post(url, {"action": "add", "row": "1"}).content.decode()

    assert re.search(r'value="some"[^>]*checked', html)


def test_remove_takes_one_row_out_and_moves_no_other(client, url):
    rows = {"row": ["1", "2", "3"], "c2-company": "Second", "c3-company": "Third"}

    html = client.post(url, SOME | rows | {"action": "remove-2"}).content.decode()

    assert re.findall(r'name="row" value="(\d+)"', html) == ["1", "3"]
    assert ("Third" in html, "Second" in html) == (True, False)


def test_blank_extra_rows_are_ignored(client, url):
    client.post(url, SOME | {"row": ["1", "2"]})

    assert Disclosure.objects.get().relationships.count() == 1


def test_hostile_numbers_and_names(client, url):
    sent = SOME | {
        "row": ["1", "x", "-1", "99999999999"] + ["5"] * 500,
        "c1-company": "<script>alert(1)</script>" + "é" * 100,
    }

    assert client.post(url, sent).status_code == 302
    page = client.get(url).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


# --- is this still true? ---------------------------------------------------------------------------------


@pytest.fixture
def on_file(person):
    disclosure = DisclosureFactory(person=person, some=True, submitted_at=clock.now() - dt.timedelta(days=380))
    return [
        RelationshipFactory(disclosure=disclosure, company=CompanyFactory(name="Ostrea Diagnostics")),
        RelationshipFactory(
            disclosure=disclosure, company=CompanyFactory(name="Tarn Medical Devices"), nature="researcher"
        ),
    ]


def answers(first, second, **more):
    return (
        {"action": "send", "answer": "none", "attested_name": "Naomi Feldstein", "row": "1"}
        | {f"e{first[0].pk}-state": first[1], f"e{second[0].pk}-state": second[1]}
        | more
    )


def kept():
    found = Disclosure.objects.first()
    return found.answer, [(r.company.name, r.nature, r.ended, r.ended_on) for r in found.relationships.all()]


def test_renew_reads_back_what_is_on_file(client, url, on_file):
    said = text(client.get(url))

    assert "Is this still true, Dr. Naomi Feldstein?" in said
    assert "Ostrea Diagnostics Consultant" in said
    assert "Tarn Medical Devices Researcher or principal investigator" in said
    assert "Anything new in the past 24 months, of any amount?" in said
    assert DEFINITION in said


def test_renew_still_true_and_ended(client, url, on_file):
    client.post(
        url, answers((on_file[0], "same"), (on_file[1], "ended"), **{f"e{on_file[1].pk}-ended_on": "June 2025"})
    )

    assert kept() == (
        "some",
        [("Ostrea Diagnostics", "consultant", False, ""), ("Tarn Medical Devices", "researcher", True, "June 2025")],
    )


def test_renew_changed_and_new(client, url, on_file):
    changed = {
        f"x{on_file[0].pk}-{name}": value
        for name, value in (("company", "Ostrea Diagnostics"), ("nature", "advisor"), ("going_on", "yes"))
    }
    new = {"answer": "some", "c1-company": "Corvane", "c1-nature": "speaker", "c1-going_on": "yes"}

    client.post(url, answers((on_file[0], "changed"), (on_file[1], "same")) | changed | new)

    assert kept() == (
        "some",
        [
            ("Ostrea Diagnostics", "advisor", False, ""),
            ("Tarn Medical Devices", "researcher", False, ""),
            ("Corvane", "speaker", False, ""),
        ],
    )


def test_renew_asks_about_every_one(client, url, on_file):
    page = client.post(url, answers((on_file[0], "same"), (on_file[1], "")))

    assert "Say whether Tarn Medical Devices is still true." in text(page)
    assert "Say whether Ostrea Diagnostics is still true." not in text(page)
    assert Disclosure.objects.count() == 1


def test_renew_of_none_shows_the_sentence_and_asks_again(client, url, person):
    DisclosureFactory(person=person)

    page = client.get(url)

    assert "Is this still true" in text(page)
    assert not re.search(r'name="answer"[^>]*checked', page.content.decode())
    assert client.post(url, NONE).status_code == 302
    assert Disclosure.objects.count() == 2


# --- links that are wrong or over ------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_wrong_link_is_404(client, role, method):
    assert getattr(client, method)(reverse("integrity:disclosure_by_link", args=["x" * 43])).status_code == 404
    _grant, other = grant_for(role, purpose="review")
    assert getattr(client, method)(reverse("integrity:disclosure_by_link", args=[other]), NONE).status_code == 404
    assert Disclosure.objects.count() == 0


@pytest.mark.parametrize("how", ["expired", "revoked"])
def test_link_that_is_over_is_410_and_sends_a_new_one_to_the_address_on_file(client, role, person, how):
    grant, token = grant_for(role, days=0 if how == "expired" else 30)
    if how == "revoked":
        links.revoke(grant_id=grant.pk, by=system("test"))
    url, again = (reverse(f"integrity:{name}", args=[token]) for name in ("disclosure_by_link", "disclosure_new_link"))

    assert client.get(url).status_code == 410
    assert client.post(url, NONE).status_code == 410
    assert Disclosure.objects.count() == 0
    client.get(again)
    assert OutboxMessage.objects.count() == 0

    page = client.post(again, {"email": "thief@evil.example", "to": "thief@evil.example"}, follow=True)

    assert (page.status_code, "A new link is on its way to the address we have of you." in text(page)) == (410, True)
    message = OutboxMessage.objects.get()
    assert (message.to, message.template) == (person.addresses.get().value, "disclosure_link")
    assert message.to not in page.content.decode()
    new = re.search(r"http://testserver(/d/[\w-]+/)", message.text)[1]
    assert client.get(new).status_code == 200


def test_live_link_sends_no_other(client, role):
    _grant, token = grant_for(role)

    client.post(reverse("integrity:disclosure_new_link", args=[token]))

    assert OutboxMessage.objects.count() == 0


def test_link_opens_nothing_else(client, url, person):
    UserFactory(person=person)
    client.get(url)
    client.post(url, NONE)

    assert client.get(reverse("integrity:my_disclosure")).status_code == 302
    assert "_auth_user_id" not in client.session


# --- signed in -----------------------------------------------------------------------------------------------


def test_signed_in_page_is_the_same_form_for_oneself(client):
    user = UserFactory()
    client.force_login(user)
    url = reverse("integrity:my_disclosure")

    assert DEFINITION in text(client.get(url))
    assert client.post(url, SOME).status_code == 302

    found = Disclosure.objects.get()
    assert (found.person, found.method, found.answer) == (user.person, "web", "some")
    assert "Thank you" in text(client.get(url))


def test_signed_in_page_asks_again_when_asked_since(client):
    user = UserFactory()
    client.force_login(user)
    DisclosureFactory(person=user.person)
    url = reverse("integrity:my_disclosure")
    assert "Thank you" in text(client.get(url))

    DisclosureRequestFactory(person=user.person, asked_at=clock.now())

    assert "Is this still true" in text(client.get(url))


def test_signed_out_is_sent_to_sign_in(client):
    assert client.post(reverse("integrity:my_disclosure"), NONE).status_code == 302
    assert Disclosure.objects.count() == 0


@pytest.mark.parametrize("items", [1, 3])
def test_page_takes_a_constant_number_of_queries(client, url, person, items, django_assert_num_queries):
    disclosure = DisclosureFactory(person=person, some=True)
    for _n in range(items):
        RelationshipFactory(disclosure=disclosure)
    client.get(url)

    with django_assert_num_queries(6):
        assert client.get(url).content.decode().count('class="relation"') == items

    client.post(
        url,
        {"action": "send", "answer": "none", "attested_name": "N", "row": "1"}
        | {f"e{r.pk}-state": "same" for r in disclosure.relationships.all()},
    )
    with django_assert_num_queries(5):
        assert client.get(url).content.decode().count("<li><span") == items


def test_month_of_an_end_that_was_taken_back_is_ignored(client, url, on_file):
    sent = {
        f"e{on_file[0].pk}-ended_on": "3/26?",
        "c1-company": "Corvane",
        "c1-nature": "consultant",
        "c1-going_on": "yes",
        "c1-ended_on": "soon",
    }

    client.post(url, answers((on_file[0], "same"), (on_file[1], "same"), answer="some") | sent)

    assert kept()[1][0] == ("Ostrea Diagnostics", "consultant", False, "")
    assert kept()[1][2] == ("Corvane", "consultant", False, "")
