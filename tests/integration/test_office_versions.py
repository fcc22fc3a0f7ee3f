"""Wording and rule parameters change by new dated versions, by the director alone; nothing in effect is rewritten."""

import datetime as dt

import pytest
from django.db import transaction
from django.db.utils import InternalError
from django.urls import reverse

from accounts.actors import actor_of
from common import clock, reference, rulesets, statements, versions
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, ReferenceVersion, RuleParameter, Statement
from tests.factories import UserFactory
from tests.integration.claim_cases import claim, ready

pytestmark = pytest.mark.django_db
NEW_WINDOW = {"value": "45", "source": "", "reason": "The council asked for it."}


@pytest.fixture(autouse=True)
def _fresh_memory():
    """What other tests left in this process's memory is gone, and what these leave goes with them."""
    rulesets.forget()
    yield
    rulesets.forget()


def window() -> RuleParameter:
    return RuleParameter.objects.get(code="claim.window_days", revision=0)


def designation() -> Statement:
    return Statement.objects.get(code="AMA-DES-1", revision=0)


ZONE = "America/New_York"  # whose day begins after that of UTC, so that "today" has begun everywhere it is asked


def today() -> dt.date:
    return clock.today(ZONE)


def days(n: int) -> dt.timedelta:
    return dt.timedelta(days=n)


def director():
    return actor_of(UserFactory(roles=["director"]))


def count() -> tuple[int, int, int]:
    return Statement.objects.count(), RuleParameter.objects.count(), AuditEvent.objects.count()


def set_window(by, **changes) -> RuleParameter:
    row = changes.pop("row", None) or window()
    given = {"effective_from": today(), "seen": len(versions.in_order(row)), "zone": ZONE, **NEW_WINDOW, **changes}
    return versions.change_parameter(parameter_id=row.pk, by=by, **given)


def reword(by, row: Statement, body: str, **changes) -> Statement:
    given = {
        "effective_from": today(), "source": "ama-assn.org, read today", "reason": "The AMA changed it.", "confirmed": True,
        "seen": len(versions.in_order(row)), "zone": ZONE, **changes,
    }  # fmt: skip
    return versions.change_wording(statement_id=row.pk, body=body, by=by, **given)


# --- what holds when ---------------------------------------------------------------------------------


def test_a_new_value_holds_from_its_day_and_the_old_row_stays():
    old = RuleParameter.objects.filter(pk=window().pk).values().get()
    by = director()

    made = set_window(by, effective_from=today() + days(3))

    assert [rulesets.value_on("claim.window_days", today() + days(n)) for n in (0, 2, 3, 400)] == [30, 30, 45, 45]
    assert RuleParameter.objects.filter(pk=window().pk).values().get() == old
    assert (made.revision, made.source, made.reason, made.added_by, made.effective_to, made.minimum, made.unit) == (
        1, "Decision of the provider", "The council asked for it.", by.label, None, 1, "days",
    )  # fmt: skip
    event = AuditEvent.objects.get()
    assert (event.event, event.actor_id, event.reason) == ("parameter_changed", by.person_id, NEW_WINDOW["reason"])
    assert (event.old["value"], event.new["value"], event.new["code"]) == (30, 45, "claim.window_days")


def test_a_version_from_today_holds_at_once_and_names_the_rule_set():
    before = rulesets.version()
    set_window(director())
    assert rulesets.value_on("claim.window_days") == 45
    assert before != rulesets.version() == today().isoformat()


def test_a_version_to_come_does_not_name_the_rule_set_of_today():
    before = rulesets.version()
    set_window(director(), effective_from=today() + days(30))
    assert rulesets.version() == before


def test_what_was_wrong_is_put_right_on_the_same_day():
    by = director()
    first = set_window(by, value="450", effective_from=today() + days(1))
    second = set_window(by, row=first, value="45", effective_from=today() + days(1))
    assert (first.revision, second.revision) == (1, 2)
    assert rulesets.value_on("claim.window_days", today() + days(1)) == 45
    assert [v.value for v in versions.in_order(first)] == [45, 450, 30]


def test_wording_follows_its_day_and_the_certificate_its_own():
    person, activity, sessions = ready(sessions=2)
    before = claim(person, activity, {sessions[0]: "1.00"}).certificates.get()
    row = Statement.objects.get(code="AMA-CERT-1")

    made = reword(director(), row, row.body.replace("and is awarded", "and has been awarded"))
    after = claim(person, activity, {sessions[1]: "1.00"}).certificates.get()

    assert "has been awarded" in str(after.snapshot["sentence"])
    before.refresh_from_db()
    assert "has been awarded" not in str(before.snapshot["sentence"])
    assert (statements.body("AMA-CERT-1"), statements.body("AMA-CERT-1", on=today() - days(1))) == (made.body, row.body)
    assert (made.version, made.mandated_by, made.confirmed) == (f"AMA-CERT-1 {today()} (2)", "AMA-CERT-1", True)


def test_a_sentence_of_our_own_can_be_confirmed_without_new_words():
    row = Statement.objects.get(code="ST-5")
    assert not statements.is_confirmed("ST-5")
    reword(director(), row, row.body, confirmed=True)
    assert statements.is_confirmed("ST-5")


# --- who, and what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("roles", [(), ("staff",), ("reviewer",), ("leadership",)])
def test_nobody_but_the_director_changes_them(roles):
    by, before = actor_of(UserFactory(roles=list(roles))), count()
    with pytest.raises(NotAllowed):
        set_window(by)
    with pytest.raises(NotAllowed):
        reword(by, designation(), designation().body + " New.")
    assert count() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": ""}, "value"), ({"value": "0"}, "value"), ({"value": "1096"}, "value"), ({"value": "3.5"}, "value"),
        ({"value": "thirty"}, "value"), ({"value": "٣"}, "value"), ({"value": "30"}, "value"), ({"reason": " "}, "reason"),
        ({"effective_from": dt.date(2020, 1, 1)}, "effective_from"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_stand_is_refused_at_its_field(changes, field):
    by, before = director(), count()
    with pytest.raises(Invalid) as refused:
        set_window(by, **changes)
    assert list(refused.value.fields) == [field]
    assert (count(), rulesets.value_on("claim.window_days")) == (before, 30)


def test_yesterday_is_over():
    with pytest.raises(Invalid, match="what was in effect stays"):
        set_window(director(), effective_from=today() - days(1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("{credits}", "5"), "Keep the blanks"),
        (("{provider}", "{provider} {city}"), "Keep the blanks"),
        (("{credits}", "{credits} or {credits}"), "Keep the blanks"),
        (("*AMA PRA Category 1 Credit(s)*™", "AMA PRA Category 1 Credits"), "Write the AMA’s mark as before"),
        (("Physicians should", "*Physicians should"), "without its pair"),
        (("Physicians should", "} Physicians should"), "without its pair"),
    ],
)
def test_words_that_pages_could_not_fill_in_are_refused(change, says):
    by, before = director(), count()
    with pytest.raises(Invalid, match=says):
        reword(by, designation(), designation().body.replace(*change))
    assert count() == before


def test_the_lines_of_a_certificate_stay_as_many():
    row = Statement.objects.get(code="AMA-CERT-2")
    with pytest.raises(Invalid, match="Keep the 6 bars"):
        reword(director(), row, row.body.replace("|certifies that|", "|certifies that "))


@pytest.mark.parametrize(("code", "source", "refused"), [("AMA-DES-1", " ", True), ("CLAIM-ATTEST", "", False)])
def test_mandated_words_name_their_source(code, source, refused):
    row, by = Statement.objects.get(code=code), director()
    if refused:
        with pytest.raises(Invalid) as error:
            reword(by, row, row.body + " More.", source=source)
        assert list(error.value.fields) == ["source"]
    else:
        assert reword(by, row, row.body + " More.", source=source).source == "Decision of the provider"
    assert Statement.objects.filter(code=code).count() == (1 if refused else 2)


def test_whoever_did_not_see_the_last_version_looks_again():
    by = director()
    set_window(by)
    before = count()
    with pytest.raises(Conflict, match="added meanwhile"):
        set_window(by, value="60", seen=1)
    assert count() == before


@pytest.mark.parametrize(
    ("value", "typed", "read"),
    [("0.25", "0.50", "0.50"), ("nearest", "down", "down"), ([1, 2], "[1, 2, 3]", [1, 2, 3]), (True, "false", False)],
)
def test_a_value_is_of_the_kind_it_was(value, typed, read):
    row = RuleParameter(code="x", value=value)
    assert versions.read_value(row, typed) == read
    assert versions.read_value(row, versions.shown(value)) == value
    for wrong in ("", "{}") if not isinstance(value, str) else ("", " "):
        with pytest.raises(Invalid):
            versions.read_value(row, wrong)
    if value == "0.25":
        with pytest.raises(Invalid, match="Write a number"):
            versions.read_value(row, "much")


@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_keeps_what_a_director_wrote(act):
    made = set_window(director())
    row = RuleParameter.objects.filter(pk=made.pk)
    with pytest.raises(InternalError), transaction.atomic():
        row.update(value=1) if act == "update" else row.delete()
    assert row.get().value == 45


# --- loading, and other processes --------------------------------------------------------------------


def test_loading_the_files_leaves_the_directors_versions_alone():
    by = director()
    set_window(by)
    made = reword(by, designation(), designation().body + " More.")
    Statement.objects.filter(pk=designation().pk).update(source="Mistyped")
    before = (Statement.objects.count(), RuleParameter.objects.count())

    reference.load()
    reference.load()

    assert (Statement.objects.count(), RuleParameter.objects.count()) == before
    assert (rulesets.value_on("claim.window_days"), statements.body("AMA-DES-1")) == (45, made.body)
    assert designation().source != "Mistyped"


def test_a_file_that_brings_the_same_day_later_does_not_replace_the_directors_version():
    """A release may carry its own version of a day that a director wrote before: the director's holds."""
    set_window(director())
    values = {k: v for k, v in window().__dict__.items() if k not in {"_state", "id"}}
    RuleParameter.objects.create(**{**values, "effective_from": today(), "value": 10})
    rulesets.forget()
    assert rulesets.value_on("claim.window_days") == 45


def test_the_later_of_two_open_rows_holds():
    """Two rows without an end: the one that began later is the rule."""
    values = {k: v for k, v in window().__dict__.items() if k not in {"_state", "id"}}
    RuleParameter.objects.create(**{**values, "effective_from": dt.date(2020, 1, 1), "value": 10})
    rulesets.forget()
    assert [rulesets.value_on("claim.window_days", dt.date(year, 6, 1)) for year in (2019, 2020)] == [30, 10]


def other_process_changes(value: int) -> None:
    """The rows as another process leaves them: this one is not told."""
    values = {k: v for k, v in window().__dict__.items() if k not in {"_state", "id"}}
    RuleParameter.objects.create(**{**values, "effective_from": today(), "value": value})
    ReferenceVersion.objects.filter(pk=1).update(number=ReferenceVersion.objects.get(pk=1).number + 1)


def test_a_process_notices_what_another_changed(settings):
    settings.RULES_RECHECK_SECONDS = 3600.0
    assert rulesets.value_on("claim.window_days") == 30
    other_process_changes(45)
    assert rulesets.value_on("claim.window_days") == 30
    settings.RULES_RECHECK_SECONDS = 0.0
    assert rulesets.value_on("claim.window_days") == 45


def test_asking_costs_one_small_query_every_few_seconds(settings, django_assert_num_queries):
    rulesets.value_on("claim.window_days")
    settings.RULES_RECHECK_SECONDS = 3600.0
    with django_assert_num_queries(0):
        rulesets.value_on("claim.window_days")
        rulesets.version()
    settings.RULES_RECHECK_SECONDS = 0.0
    with django_assert_num_queries(1):
        rulesets.value_on("claim.window_days")


def test_a_change_that_is_taken_back_is_forgotten(settings):
    settings.RULES_RECHECK_SECONDS = 0.0
    with transaction.atomic():
        other_process_changes(45)
        rulesets.changed()
        assert rulesets.value_on("claim.window_days") == 45
        transaction.set_rollback(True)
    assert rulesets.value_on("claim.window_days") == 30


# --- pages -------------------------------------------------------------------------------------------


def page_of(row) -> str:
    return reverse(f"admin:common_{row._meta.model_name}_new_version", args=[row.pk])


def enter(client, *roles):
    user = UserFactory(roles=list(roles))
    client.force_login(user)
    return user


def test_the_director_adds_a_version_in_the_admin(client):
    user, row = enter(client, "director"), designation()
    page = client.get(page_of(row)).content.decode()
    assert "This is mandated" in page
    assert "AMA-DES-1 leaves no choice here." in page
    body = row.body.replace("should claim only", "may claim only")
    day = today() + days(10)
    data = {"body": body, "effective_from": day.isoformat(), "source": "", "reason": "Changed by the AMA.", "seen": "1"}

    refused = client.post(page_of(row), data)
    assert "Say where this can be read" in refused.content.decode()
    assert "may claim only" in refused.content.decode()
    assert Statement.objects.filter(code="AMA-DES-1").count() == 1

    done = client.post(page_of(row), {**data, "source": "ama-assn.org"}, follow=True)
    assert "The new version of AMA-DES-1 holds from" in done.content.decode()
    made = Statement.objects.get(code="AMA-DES-1", revision=1)
    assert (made.body, made.effective_from, made.added_by) == (body, day, user.person.name_with_degrees)
    names = client.get(reverse("admin:common_statement_changelist"), {"q": "AMA-DES-1"}).content.decode()
    assert ("Later" in names, "Now" in names) == (True, True)


def test_a_refused_version_shows_what_was_added_meanwhile(client):
    enter(client, "director")
    row = window()
    set_window(director())
    data = {"value": "60", "effective_from": today().isoformat(), "source": "", "reason": "More.", "seen": "1"}

    again = client.post(page_of(row), data).content.decode()

    assert "A version was added meanwhile" in again
    assert 'name="seen" value="2"' in again
    assert 'value="60"' in again
    assert client.post(page_of(row), {**data, "seen": "2"}).status_code == 302
    assert rulesets.value_on("claim.window_days") == 60


def test_our_own_words_carry_no_warning(client):
    enter(client, "director")
    assert "This is mandated" not in client.get(page_of(Statement.objects.get(code="CLAIM-ATTEST"))).content.decode()
    assert "This is mandated" not in client.get(page_of(window())).content.decode()


@pytest.mark.parametrize("model", [Statement, RuleParameter])
def test_staff_read_every_version_and_add_none(client, model):
    enter(client, "staff")
    row, before = model.objects.order_by("pk").first(), count()
    names = reverse(f"admin:common_{model._meta.model_name}_changelist")
    for url in (names, reverse(f"admin:common_{model._meta.model_name}_change", args=[row.pk])):
        page = client.get(url)
        assert page.status_code == 200
        assert "New version" not in page.content.decode()
    assert client.get(page_of(row)).status_code == 403
    data = {"body": "x", "value": "7", "effective_from": today(), "reason": "x", "source": "x", "seen": "1"}
    assert client.post(page_of(row), data).status_code == 403
    assert count() == before


@pytest.mark.parametrize("role", [(), ("reviewer",), ("leadership",)])
def test_others_see_nothing(client, role):
    enter(client, *role)
    assert client.get(page_of(window())).status_code in {302, 403}
    assert client.post(page_of(window()), NEW_WINDOW).status_code in {302, 403}
    assert RuleParameter.objects.filter(revision__gt=0).count() == 0


def test_a_version_of_nothing_is_not_found(client):
    enter(client, "director")
    assert client.get("/admin/common/statement/999999/new-version/").status_code == 404


@pytest.mark.parametrize("items", [1, 3])
def test_the_page_takes_a_constant_number_of_queries(client, items, django_assert_max_num_queries):
    enter(client, "director")
    by = director()
    for n in range(items):
        set_window(by, value=str(40 + n))
    client.get(page_of(window()))
    with django_assert_max_num_queries(9):
        assert client.get(page_of(window())).status_code == 200
