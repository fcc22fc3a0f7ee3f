"""Help, contact, privacy, accessibility, rules."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from cme_portal import pages
from common import reference
from common.models import OutboxMessage
from tests.factories import ProviderFactory, UserFactory

pytestmark = pytest.mark.django_db
GOOD = {
    "email": "elena@hospital.example",
    "topic": "credit",
    "text": "My credit for <b>Sepsis</b> is missing.\nNov 17.",
}


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.mark.parametrize("name", ["help", "contact", "privacy", "accessibility", "rules"])
def test_pages_are_open_to_everybody(client, name):
    response = client.get(reverse(f"pages:{name}"))
    assert response.status_code == 200
    assert response.text.count("<h1") == 1


def test_statements_name_this_provider(client):
    assert (
        "Office of Continuing Medical Education of Lakeshore University School of Medicine keeps"
        in client.get("/privacy/").text
    )
    assert "Lakeshore CME is meant for everybody." in client.get("/accessibility/").text


def test_contact_writes_to_the_office(client):
    response = client.post("/contact/", GOOD, follow=True)

    assert "Sent to the CME office. They answer to elena@hospital.example." in response.text
    mail = OutboxMessage.objects.get()
    assert (mail.to, mail.subject) == ("cme-office@lakeshore.example", "Question: My credit or certificate")
    assert GOOD["text"] in mail.text
    assert ("<b>Sepsis</b>" in mail.html, "&lt;b&gt;Sepsis" in mail.html) == (False, True)


def test_contact_knows_who_is_signed_in_and_what_it_is_about(client):
    user = UserFactory()
    client.force_login(user)
    form = client.get("/contact/?about=privacy").context["form"]
    assert (form["email"].value(), form["topic"].value()) == (user.email, "privacy")


@pytest.mark.parametrize("missing", ["email", "topic", "text"])
def test_a_refused_message_keeps_its_text(client, missing):
    response = client.post("/contact/", {**GOOD, missing: "" if missing != "email" else "nowhere"})
    form = response.context["form"]
    assert {k: form[k].value() for k in GOOD if k != missing} == {k: v for k, v in GOOD.items() if k != missing}
    assert OutboxMessage.objects.count() == 0


def test_too_many_messages_are_refused_and_keep_their_text(client):
    for _ in range(pages.PER_SENDER):
        client.post("/contact/", GOOD)
    response = client.post("/contact/", GOOD)
    assert "Write to cme-office@lakeshore.example instead." in response.text
    assert "My credit for &lt;b&gt;Sepsis&lt;/b&gt; is missing." in response.text
    assert OutboxMessage.objects.count() == pages.PER_SENDER


def test_every_rule_has_its_place(client):
    text = client.get("/rules/").text
    for rule in reference.read("rules")["rules"]:
        assert text.count(f'id="{rule["id"]}"') == 1


RULE = re.compile(
    r"\b(?:SII-(?:E-1|[1-5](?:\.\d[a-h]?)?)|AMA-(?:CORE|CALC|DES|TM|PUB|CERT|TRN|CLAIM)-\d|CORE-\d+|AMA-FMT-\d|AMA-FMT-1T|MOC-\d|(?:ANCC|ACPE|AAPA|ASWB|APA|CDR|COPE|CERP|AAFP|IPCE)-\d|CME-(?:REC|RSS|EM)-\d|ST-[1-8]|JA-\d|IP-\d|LRN-\d|APP-\d+|WF-\d+|EVAL-\d+"
    r"|VOC-(?:GAP|NEED|RESULT|SOURCE|FORMAT|ABMS|IOM|IPEC|MOORE|PROF))\b"
)


def test_every_rule_that_is_cited_can_be_read():
    apps = (
        "common",
        "accounts",
        "activities",
        "integrity",
        "evaluations",
        "credits",
        "reporting",
        "cme_portal",
        "templates",
    )
    known = {rule["id"] for rule in reference.read("rules")["rules"]}
    cited: dict[str, str] = {}
    for app in apps:
        for path in Path(settings.BASE_DIR, app).rglob("*"):
            if path.suffix in {".py", ".html", ".txt", ".toml"} and "migrations" not in path.parts:
                cited |= {rule: str(path) for rule in RULE.findall(path.read_text())}
    assert {rule: path for rule, path in cited.items() if rule not in known} == {}
