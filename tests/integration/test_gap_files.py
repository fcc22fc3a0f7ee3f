"""A file that shows a gap: attached by planners in both places, read by the office, frozen with the plan."""

import pytest
from django.urls import reverse

from activities.domain import gaps, plan, snapshots
from activities.models import GapEvidence
from common.errors import NotAllowed
from common.models import StoredFile
from tests.factories import UserFactory
from tests.factories.files import StoredFileFactory
from tests.integration import upload_cases as cases
from tests.integration.office_cases import office
from tests.integration.planning_cases import School, count_queries, section_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


@pytest.fixture
def gap(school):
    return school.gap()


def source(gap, **values):
    prefix = f"source{gap.pk}-"
    data = {"kind": "audit", "citation": "Our own audit", "finding": "41%", "url": "", **values}
    return {f"{prefix}{name}": value for name, value in data.items()}


def file_of(row):
    return reverse("activities:gap_source_file", args=[row.gap_id, row.pk])


def status(client, user, url):
    client.force_login(user)
    answer = client.get(url)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def test_a_planner_attaches_a_spreadsheet_in_the_library(client, school, gap):
    client.force_login(school.planner)
    answer = client.post(
        gap.get_absolute_url(),
        {"action": "add_source", **source(gap, file=cases.given("audit.xlsx", cases.office("xlsx")))},
        follow=True,
    )

    row = GapEvidence.objects.get()
    assert (row.citation, row.file.name, row.file.kind, row.file.purpose) == (
        "Our own audit",
        "audit.xlsx",
        "xlsx",
        "gap evidence",
    )
    assert f'href="{file_of(row)}"' in answer.text


def test_a_planner_attaches_a_paper_while_writing_the_application(client, school, gap):
    activity = school.draft()
    activity.gap_links.create(gap=gap)
    client.force_login(school.planner)
    page = client.get(section_url(activity, "gap")).text
    assert 'formenctype="multipart/form-data" name="action" value="add_source' in page

    answer = client.post(
        section_url(activity, "gap"),
        {"sent": "1", "action": f"add_source:{gap.pk}", **source(gap, file=cases.given("paper.pdf", cases.PDF))},
        follow=True,
    )

    assert GapEvidence.objects.get().file.name == "paper.pdf"
    assert file_of(GapEvidence.objects.get()) in answer.text


@pytest.mark.parametrize("place", ["library", "application"])
def test_a_hostile_file_takes_nothing_typed(place, client, school, gap):
    activity = school.draft()
    activity.gap_links.create(gap=gap)
    client.force_login(school.planner)
    url, action = (
        (gap.get_absolute_url(), "add_source")
        if place == "library"
        else (section_url(activity, "gap"), f"add_source:{gap.pk}")
    )

    answer = client.post(url, {"sent": "1", "action": action, **source(gap, file=cases.given("audit.pdf", b"<html>"))})

    assert answer.status_code == 422
    assert "The name ends in .pdf, but what is inside is not a whole file of that kind." in answer.text
    assert 'value="Our own audit"' in answer.text
    assert (GapEvidence.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_what_saves_while_one_writes_sends_no_file(client, school, gap):
    client.force_login(school.planner)
    data = {
        f"gap{gap.pk}-title": "Antibiotics come late",
        **source(gap),
        f"source{gap.pk}-file": "[object File]",
        "action": "save",
    }
    answer = client.post(gap.get_absolute_url(), data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert GapEvidence.objects.count() == 0


def test_its_readers_are_the_department_the_office_and_who_plans_on_it(client, school, gap):
    row = gap.evidence.create(kind="audit", citation="Audit", created_at=gap.created_at, file=StoredFileFactory())
    borrower, activity = school.outsider, None
    found = [status(client, u, file_of(row)) for u in (school.planner, school.staff, borrower, UserFactory())]
    assert found == [200, 200, 404, 404]

    other = School(department=borrower.person.memberships.get().department)
    activity = other.draft()
    activity.gap_links.create(gap=gap)
    assert status(client, borrower, file_of(row)) == 200
    assert status(client, borrower, reverse("activities:gap_source_file", args=[gap.pk + 1, row.pk])) == 404


def test_what_was_taken_out_stays_with_the_office(client, school, gap):
    row = gap.evidence.create(
        kind="audit", citation="Audit", created_at=gap.created_at, removed_at=gap.created_at, file=StoredFileFactory()
    )
    assert [status(client, u, file_of(row)) for u in (school.planner, school.staff)] == [404, 200]


def test_a_source_without_a_file_has_none(client, school, gap):
    row = gap.evidence.create(kind="audit", citation="Audit", created_at=gap.created_at)
    assert status(client, school.planner, file_of(row)) == 404


def test_who_may_not_write_the_gap_attaches_nothing(school, gap):
    from accounts.actors import actor_of
    from common import uploads

    upload = uploads.check(cases.given("audit.pdf", cases.PDF))
    with pytest.raises(NotAllowed):
        gaps.add_source(
            gap_id=gap.pk, kind="audit", citation="x", finding="", url="", upload=upload, by=actor_of(school.outsider)
        )
    assert (GapEvidence.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_the_office_sees_it_beside_the_findings_and_in_what_was_sent(client):
    found = office("submitted")
    gap = found.case.gap
    row = gap.evidence.order_by("pk").first()
    row.file = StoredFileFactory(name="audit 2026.pdf")
    row.save(update_fields=["file"])
    client.force_login(found.school.staff)

    page = client.get(reverse("desk:activity", args=[found.activity.number])).text

    assert "What shows the gap" in page
    assert f'<a href="{file_of(row)}">audit 2026.pdf</a>' in page
    frozen = snapshots.freeze(plan.load(found.activity))
    assert f"audit 2026.pdf (SHA-256 {row.file.sha256})" in frozen["sections"]["gap"][f"source:{row.pk}"]["text"]


def test_files_cost_the_compliance_page_nothing(client):
    found = office("submitted")
    client.force_login(found.school.staff)
    url = reverse("desk:activity", args=[found.activity.number])
    client.get(url)
    before = count_queries(lambda: client.get(url))
    for row in found.case.gap.evidence.all():
        row.file = StoredFileFactory()
        row.save(update_fields=["file"])
    assert count_queries(lambda: client.get(url)) == before
