"""What learners are told: presence, mitigation, absence (SII-3.5), and the evidence that they were."""

import datetime as dt
import hashlib

import pytest
from django.db import transaction
from django.template.loader import render_to_string

from accounts.models import Person
from activities.models import ActivityRole, DisclosureDelivery, Session
from common import clock
from common.actors import ANONYMOUS
from integrity import panels
from integrity.domain import disclosure_text, standing
from integrity.domain.disclosure_text import Line, block
from integrity.models import Company, DisclosureText
from tests.factories.accounts import PersonFactory
from tests.factories.activities import ActivityFactory, ActivityRoleFactory, SessionFactory
from tests.factories.integrity import (
    CompanyFactory,
    DisclosureFactory,
    MitigationActionFactory,
    RelationshipFactory,
    RelevanceDecisionFactory,
)

pytestmark = pytest.mark.django_db

NONE = "None of the planners, faculty, and others in control of content for this educational activity have relevant financial relationships to disclose with ineligible companies."
OTHERS = "None of the other planners, faculty, and others in control of content have relevant financial relationships to disclose with ineligible companies."
MITIGATED = "All of the relevant financial relationships listed for these individuals have been mitigated."


@pytest.fixture
def activity():
    return ActivityFactory(status="in_review")


@pytest.fixture
def session(activity):
    return SessionFactory(activity=activity, status="planned", starts_at=clock.now() + dt.timedelta(days=1))


def role_of(activity, *, role="speaker", session=None, given="Naomi", family="Feldstein", person=None):
    person = person or PersonFactory(given_name=given, family_name=family)
    return ActivityRoleFactory(activity=activity, session=session, role=role, person=person)


def clear(role):
    DisclosureFactory(person=role.person)
    return role


def related(role, company="Corvane Therapeutics", *, relevant=True, mitigated=True, **values):
    tie = RelationshipFactory(person=role.person, company=CompanyFactory(name=company), **values)
    RelevanceDecisionFactory(relationship=tie, activity=role.activity, relevant=relevant, rationale="x")
    if relevant and mitigated:
        MitigationActionFactory(relationship=tie, activity=role.activity, strategy="divest")
    return tie


def test_wrong_3_absence_is_said_and_not_left_blank(activity):
    clear(role_of(activity))

    found = block(activity)

    assert (found.is_ready, found.rows, found.sentences, found.text) == (True, (), (NONE,), NONE)


def test_wrong_3_presence_comes_with_the_mitigated_sentence_and_the_absence_of_the_others(activity):
    related(role_of(activity), ended=True, ended_on="March 2026")
    clear(role_of(activity, role="director", given="Leila", family="Haddad"))

    found = block(activity)

    assert found.rows == (
        Line("Naomi Feldstein, MD", "Speaker", "Corvane Therapeutics", "Consultant (ended March 2026)"),
    )
    assert found.sentences == (MITIGATED, OTHERS)
    assert (
        found.text
        == f"Naomi Feldstein, MD | Speaker | Corvane Therapeutics | Consultant (ended March 2026)\n{MITIGATED}\n{OTHERS}"
    )
    assert found.sha256 == hashlib.sha256(found.text.encode()).hexdigest()


def test_nobody_else_means_no_sentence_about_others(activity):
    related(role_of(activity))

    assert block(activity).sentences == (MITIGATED,)


def test_relationships_judged_not_relevant_never_appear(activity):
    related(role_of(activity), "Tarn Medical Devices", relevant=False)

    found = block(activity)

    assert (found.rows, found.sentences) == ((), (NONE,))
    assert "Tarn" not in found.text


def test_one_line_per_relationship_with_all_roles_of_the_person(activity, session):
    speaker = role_of(activity, session=session)
    role_of(activity, role="director", person=speaker.person)
    disclosure = DisclosureFactory(person=speaker.person, some=True)
    for company, nature in (("Corvane Therapeutics", "consultant"), ("Ostrea Diagnostics", "royalties")):
        related(speaker, company, disclosure=disclosure, nature=nature)

    assert block(activity).rows == (
        Line("Naomi Feldstein, MD", "Speaker, Activity director", "Corvane Therapeutics", "Consultant"),
        Line(
            "Naomi Feldstein, MD", "Speaker, Activity director", "Ostrea Diagnostics", "Royalties or patent beneficiary"
        ),
    )


@pytest.mark.parametrize("case", ["not asked", "undecided", "unmitigated", "excluded", "nobody"])
def test_before_everybody_is_cleared_neither_mitigation_nor_absence_is_claimed(activity, case):
    if case != "nobody":
        clear(role_of(activity, role="director", given="Leila", family="Haddad"))
        role = role_of(activity)
        if case == "undecided":
            RelationshipFactory(person=role.person)
        if case == "unmitigated":
            related(role, mitigated=False)
        if case == "excluded":
            RelationshipFactory(person=role.person, nature="employee")

    found = block(activity)

    assert (found.is_ready, found.rows, found.sentences) == (False, (), (disclosure_text.PENDING,))


def test_session_block_is_about_its_people_and_those_of_the_whole_activity(activity, session):
    other = SessionFactory(activity=activity, status="planned", starts_at=session.starts_at)
    clear(role_of(activity, role="director", given="Leila", family="Haddad"))
    related(role_of(activity, session=session))
    role_of(activity, session=other)

    assert (block(activity, session).is_ready, len(block(activity, session).rows)) == (True, 1)
    assert (block(activity, other).is_ready, block(activity).is_ready) == (False, False)
    assert [r.name for r in block(activity).rows] == ["Naomi Feldstein, MD"]


def test_names_are_text_on_the_page(activity):
    related(role_of(activity, given="<script>alert(1)</script>", family="ابن سينا"), "Corvane <b>&</b> Söhne")

    page = render_to_string("integrity/partials/_disclosure_block.html", {"block": block(activity), "flush": "1"})

    assert "&lt;script&gt;alert(1)&lt;/script&gt; ابن سينا, MD" in page
    assert "Corvane &lt;b&gt;&amp;&lt;/b&gt; Söhne" in page
    assert "<script>" not in page


@pytest.mark.parametrize("items", [1, 3])
def test_panel_of_the_activity_page_takes_a_constant_number_of_queries(activity, items, django_assert_num_queries):
    for n in range(items):
        related(role_of(activity, given=f"Naomi {n}"), f"Corvane {n}")
    clear(role_of(activity, role="director", given="Leila", family="Haddad"))
    block(ActivityFactory())  # what a process remembers

    with django_assert_num_queries(9):
        panel = panels.activity(activity, ANONYMOUS)
        page = render_to_string(panel.template, panel.context)

    assert page.count("<tr>") == items + 1
    assert MITIGATED in page


# --- made once for a hall, never stale -------------------------------------------------------------------


def test_the_block_is_made_once_and_then_costs_one_query(activity, session, django_assert_num_queries):
    related(role_of(activity, session=session))
    block(ActivityFactory())  # what a process remembers
    made = block(activity, session)

    clock.move(dt.timedelta(minutes=1))  # a page that takes its time over the end of a minute asks no more than another
    with django_assert_num_queries(1):
        again = block(activity, session)
    clock.move(dt.timedelta())
    clock.forget()

    assert again == made
    assert block(activity) == block(activity, standings=standing.for_activity(activity))


CHANGES = {
    "a role is added": lambda a, s, t: role_of(a, given="Late"),
    "a role is taken away": lambda a, s, t: ActivityRole.objects.update(removed_at=clock.now(), removed_by="x"),
    "somebody is renamed": lambda a, s, t: Person.objects.filter(activity_roles__activity=a).update(family_name="Okafor"),
    "a company is renamed": lambda a, s, t: Company.objects.update(name="Corvane Biologics"),
    "a company turns out to be none": lambda a, s, t: Company.objects.update(eligibility="eligible"),
    "a decision is taken back": lambda a, s, t: RelevanceDecisionFactory(relationship=t, activity=a, relevant=False, rationale="y"),
    "an exception is recorded": lambda a, s, t: related(role_of(a, given="Owner"), "Tarn Medical Devices", nature="employee"),
    "the session is held earlier": lambda a, s, t: Session.objects.update(starts_at=clock.now() - dt.timedelta(days=400)),
    "a new disclosure is given": lambda a, s, t: DisclosureFactory(person=t.disclosure.person, submitted_at=clock.now()),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_in_the_next_block(activity, session, name):
    tie = related(role_of(activity, session=session))
    before = block(activity, session)

    CHANGES[name](activity, session, tie)

    after = block(activity, session)
    assert after == block(activity, session, standings=standing.for_activity(activity, session=session))
    assert after != before


def test_a_disclosure_that_grows_too_old_is_noticed_without_any_row_changing(activity):
    clear(role_of(activity))
    assert block(activity).is_ready

    clock.move(dt.timedelta(days=800))
    ready = block(activity).is_ready
    clock.move(dt.timedelta())
    clock.forget()

    assert not ready


# --- evidence (SII-3.5d, 3.5e) -------------------------------------------------------------------------


def deliver(activity, session, person, sha):
    with transaction.atomic(durable=True):
        return disclosure_text.record_delivery(
            activity=activity, session=session, person=person, sha=sha, channel="check-in", at=clock.now()
        )


def test_delivery_keeps_who_read_which_text_once(activity, session):
    clear(role_of(activity, session=session))
    learner, second = PersonFactory(), PersonFactory()
    found = block(activity, session)

    assert deliver(activity, session, learner, found.sha256) is True
    assert deliver(activity, session, learner, found.sha256) is True
    assert deliver(activity, session, second, found.sha256) is True

    assert [(d.person, d.session, d.text_hash) for d in DisclosureDelivery.objects.order_by("pk")] == [
        (learner, session, found.sha256), (second, session, found.sha256),
    ]  # fmt: skip
    assert DisclosureText.objects.get().text == NONE


def test_delivery_of_another_or_an_unready_text_is_not_kept(activity, session):
    role = role_of(activity, session=session)
    unready = block(activity, session).sha256
    learner = PersonFactory()

    assert deliver(activity, session, learner, unready) is False
    clear(role)
    assert deliver(activity, session, learner, "0" * 64) is False
    assert deliver(activity, session, learner, "") is False

    assert (DisclosureDelivery.objects.count(), DisclosureText.objects.count()) == (0, 0)
