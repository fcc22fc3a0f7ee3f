"""Nothing typed is lost: what stands in a small form whose own button was not pressed is kept, or given back with a sentence."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities.domain import reviews
from activities.models import ActivityGap, ActivityRole, GapEvidence, Objective, PracticeGap
from common.models import OutboxMessage
from tests.integration.office_cases import office
from tests.integration.planning_cases import School, Writer, form_data, section_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


@pytest.fixture
def draft(school):
    return school.draft()


@pytest.fixture
def page(client, school):
    client.force_login(school.planner)
    return client


@pytest.fixture
def gap(school, draft):
    found = school.gap()
    draft.gap_links.create(gap=found)
    return found


def written(gap, **changes):
    values = {"citation": "Greene et al., 2018", "kind": "literature", "finding": "1% on target doses", "url": ""}
    return {f"source{gap.pk}-{name}": value for name, value in {**values, **changes}.items()}


def sources() -> list[str]:
    return list(GapEvidence.objects.filter(removed_at=None).values_list("citation", flat=True))


# --- a source ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["save", "next"])
def test_a_source_that_was_written_is_added_by_the_pages_own_buttons(page, draft, gap, button):
    answer = Writer(page, draft).post("gap", button, **written(gap))
    assert (answer.status_code, sources()) == (302, ["Greene et al., 2018"])
    assert "Added the source “Greene et al., 2018”." in page.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("button", ["save", "next", "new", "unlink"])
def test_half_a_source_is_given_back_and_nothing_else_is_done(page, draft, gap, button):
    action = f"unlink:{gap.pk}" if button == "unlink" else button
    answer = Writer(page, draft).post(
        "gap", action, **written(gap, kind=""), **{f"gap{gap.pk}-current_practice": "Typed too"}
    )
    text = answer.content.decode()
    assert (answer.status_code, sources()) == (422, [])
    assert "Greene et al., 2018" in text
    assert "1% on target doses" in text
    assert "Choose what kind of source it is." in text
    gap.refresh_from_db()
    assert gap.current_practice == "Typed too"
    assert ActivityGap.objects.filter(activity=draft, removed_at=None).count() == 1


def test_two_sources_are_added_together_or_not_at_all(page, school, draft, gap):
    other = school.gap(title="Another gap")
    draft.gap_links.create(gap=other)
    answer = Writer(page, draft).post("gap", "save", **written(gap), **written(other, citation=""))
    assert (answer.status_code, sources()) == (422, [])
    assert "Greene et al., 2018" in answer.content.decode()
    Writer(page, draft).post("gap", "save", **written(gap), **written(other, citation="2022 guideline"))
    assert sorted(sources()) == ["2022 guideline", "Greene et al., 2018"]


def test_a_source_is_not_added_twice_by_its_own_button(page, draft, gap):
    Writer(page, draft).post("gap", f"add_source:{gap.pk}", **written(gap))
    assert sources() == ["Greene et al., 2018"]


def test_a_file_that_would_not_come_along_is_asked_for_again(page, draft, gap):
    """Only its own button sends a file; the browser then sends the file's name alone."""
    answer = Writer(page, draft).post("gap", "save", **written(gap), **{f"source{gap.pk}-file": "audit.pdf"})
    assert (answer.status_code, sources()) == (422, [])
    assert "Choose the file once more and press “Add this source”" in answer.content.decode()
    assert "Greene et al., 2018" in answer.content.decode()


def test_what_saves_while_one_writes_leaves_small_forms_alone(page, draft, gap):
    form = page.get(section_url(draft, "gap"))
    data = {**form_data(form), **written(gap), "new_gap": "Half a titl"}
    page.post(section_url(draft, "gap"), data, headers={"hx-request": "true"})
    assert (sources(), PracticeGap.objects.count()) == ([], 1)


@pytest.mark.parametrize("button", ["save", "next"])
def test_a_gap_that_was_named_is_added(page, draft, button):
    answer = Writer(page, draft).post("gap", button, new_gap="Antibiotics come late")
    assert answer.status_code == 302
    assert ActivityGap.objects.get(activity=draft).gap.title == "Antibiotics come late"


def test_a_gap_that_was_chosen_is_linked(page, school, draft):
    known = school.gap(title="Known gap")
    Writer(page, draft).post("gap", "save", link_gap=str(known.pk))
    assert ActivityGap.objects.get(activity=draft).gap == known


def test_a_named_gap_is_given_back_with_half_a_source(page, draft, gap):
    answer = Writer(page, draft).post("gap", "save", **written(gap, kind=""), new_gap="Antibiotics come late")
    assert 'value="Antibiotics come late"' in answer.content.decode()
    assert PracticeGap.objects.count() == 1


@pytest.mark.parametrize(("kind", "status", "wanted"), [("literature", 302, ["Greene et al., 2018"]), ("", 422, [])])
def test_the_page_of_a_gap_keeps_a_source_too(page, gap, kind, status, wanted):
    url = reverse("activities:gap_detail", args=[gap.pk])
    data = {**form_data(page.get(url)), **written(gap, kind=kind), "action": "save"}
    answer = page.post(url, data)
    assert (answer.status_code, sources()) == (status, wanted)
    if status == 422:
        assert "Greene et al., 2018" in answer.content.decode()


def test_its_own_button_brings_the_file(page, gap):
    url = reverse("activities:gap_detail", args=[gap.pk])
    upload = SimpleUploadedFile("audit.csv", b"a,b\n1,2\n", content_type="text/csv")
    page.post(url, {**form_data(page.get(url)), **written(gap), f"source{gap.pk}-file": upload, "action": "add_source"})
    assert GapEvidence.objects.get().file.name == "audit.csv"


# --- a person ----------------------------------------------------------------------------------------


PERSON = {
    "email": "naomi@lakeshore.example",
    "given_name": "Naomi",
    "family_name": "Feldstein",
    "role": "speaker",
    "profession": "nurse",
}


@pytest.mark.parametrize("button", ["next", "remove"])
def test_a_person_is_given_back_not_written_to(page, school, draft, button):
    """Adding sends the person a message, so only its own button does that."""
    writer = Writer(page, draft)
    writer.post("people", "add", **{**PERSON, "email": "first@lakeshore.example"})
    first, before = ActivityRole.objects.get(), OutboxMessage.objects.count()
    action = f"remove:{first.person_id}-speaker" if button == "remove" else button

    answer = writer.post("people", action, **{**PERSON, "family_name": "Only-Typed"})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "You began to add a person." in text
    for typed in ("naomi@lakeshore.example", "Only-Typed"):
        assert f'value="{typed}"' in text
    assert '<option value="nurse" selected>' in text
    first.refresh_from_db()
    assert (ActivityRole.objects.count(), first.removed_at, OutboxMessage.objects.count()) == (1, None, before)


def test_an_empty_form_for_a_person_stops_nobody(page, draft):
    answer = Writer(page, draft).post("people", "next")
    assert (answer.status_code, answer["Location"]) == (302, section_url(draft, "gap"))


# --- objectives, agenda, basics ----------------------------------------------------------------------


@pytest.mark.parametrize("button", ["save", "next", "add"])
def test_an_objective_that_was_typed_is_kept_by_every_button(page, draft, button):
    writer = Writer(page, draft)
    writer.post("objectives", "add")
    row = Objective.objects.get()
    writer.post("objectives", button, **{f"o{row.pk}-text": "Start all four classes"})
    row.refresh_from_db()
    assert row.text == "Start all four classes"
    assert Objective.objects.count() == (2 if button == "add" else 1)


def test_the_first_day_typed_beside_add_a_slot_is_kept(page, school):
    draft = school.draft(starts_on=None, ends_on=None)
    Writer(page, draft).post("agenda", "save", day="2027-03-15")
    draft.refresh_from_db()
    assert (str(draft.starts_on), str(draft.ends_on), draft.sessions.count()) == ("2027-03-15", "2027-03-15", 0)


@pytest.mark.parametrize("button", ["save", "add"])
def test_a_first_day_that_is_none_is_given_back(page, school, button):
    draft = school.draft(starts_on=None, ends_on=None)
    answer = Writer(page, draft).post("agenda", button, day="soon")
    draft.refresh_from_db()
    assert (answer.status_code, draft.starts_on, draft.sessions.count()) == (422, None, 0)
    assert "The first day is no date." in answer.content.decode()
    assert 'value="soon"' in answer.content.decode()


@pytest.mark.parametrize("button", ["save", "next"])
def test_a_partner_that_was_named_is_added(page, draft, button):
    named = {"with-name": "Pinewater Community Health", "with-kind": "hospital", "with-is_accredited": "no"}
    answer = Writer(page, draft).post("basics", button, **named)
    assert (answer.status_code, draft.joint_providers.count()) == (302, 1)


def test_half_a_partner_is_given_back_by_any_button(page, draft):
    writer = Writer(page, draft)
    writer.post("basics", "add", **{"with-name": "First", "with-kind": "hospital", "with-is_accredited": "no"})
    row = draft.joint_providers.get()
    answer = writer.post("basics", f"remove:{row.pk}", **{"with-name": "Second"})
    assert (answer.status_code, draft.joint_providers.filter(removed_at=None).count()) == (422, 1)
    assert 'value="Second"' in answer.content.decode()


# --- answers to the office ---------------------------------------------------------------------------


@pytest.fixture
def returned(page):
    made = office("in_review")
    asks = [reviews.Ask("format", "Say who owns titration."), reviews.Ask("format", "Name the audit.")]
    reviews.return_with_requests(activity_id=made.pk, asks=asks, by=made.staff)
    page.force_login(made.school.planner)
    made.requests = list(made.activity.change_requests.order_by("pk"))
    return made


@pytest.mark.parametrize("button", ["save", "next", "answer"])
def test_an_answer_and_the_section_are_kept_by_each_others_buttons(page, returned, button):
    first, second = returned.requests
    action = f"answer:{second.pk}" if button == "answer" else button
    answer = Writer(page, returned.activity).post(
        "format", action, change_text="Typed in the section", **{f"r{first.pk}-answer": "The pharmacist does.", f"r{second.pk}-answer": "Ours."}
    )  # fmt: skip
    assert answer.status_code == 302
    for row in (first, second, returned.activity):
        row.refresh_from_db()
    assert (first.answer, second.answer) == ("The pharmacist does.", "Ours.")
    assert (first.answered_by_id, returned.activity.change_text) == (
        returned.school.planner.person_id,
        "Typed in the section",
    )


def test_an_empty_answer_is_said_and_the_section_kept(page, returned):
    first, _second = returned.requests
    answer = Writer(page, returned.activity).post("format", f"answer:{first.pk}", change_text="Typed in the section")
    said = page.get(answer["Location"]).content.decode()
    first.refresh_from_db()
    returned.activity.refresh_from_db()
    assert "Your answer is empty." in said
    assert (first.answered_at, returned.activity.change_text) == (None, "Typed in the section")


def test_an_answer_belongs_to_the_form_of_its_section(page, returned):
    """So a browser sends it with every button of the page, without a script."""
    text = page.get(section_url(returned.activity, "format")).content.decode()
    first, _second = returned.requests
    assert f'name="r{first.pk}-answer"' in text
    assert text.count('form="section-form"') == 4  # two fields, two buttons


def test_saving_again_does_not_answer_again(page, returned):
    first, _second = returned.requests
    writer = Writer(page, returned.activity)
    writer.post("format", "save", **{f"r{first.pk}-answer": "The pharmacist does."})
    first.refresh_from_db()
    at = first.answered_at
    writer.post("format", "save", **{f"r{first.pk}-answer": "The pharmacist does."})
    first.refresh_from_db()
    assert first.answered_at == at
