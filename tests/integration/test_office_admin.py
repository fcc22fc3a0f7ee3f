"""The office's tables in the admin: read-only, closed to others, corrected by acts with a reason."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import OfficeRole
from common.models import AuditEvent, OutboxMessage
from credits.models import Certificate, Claim
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import claim, ready

pytestmark = pytest.mark.django_db
OURS = ("common", "accounts", "activities", "integrity", "evaluations", "credits")
MODELS = [m for m in admin.site._registry if m._meta.app_label in OURS]
# Reference data of the school, which the director keeps (design section 5).
KEPT_BY_HAND = {"department"}


def listing(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def claimed(name="Marchetti"):
    """A claim of one hour by somebody of that name."""
    person, activity, sessions = ready(person=PersonFactory(family_name=name))
    return claim(person, activity, {sessions[0]: "1.00"})


def enter(client, *roles):
    user = UserFactory(roles=list(roles))
    client.force_login(user)
    return user


# --- doors -------------------------------------------------------------------------------------------


def test_a_visitor_is_sent_to_our_sign_in_and_back(client):
    first = client.get("/admin/credits/claim/")
    assert (first.status_code, first.url) == (302, "/admin/login/?next=/admin/credits/claim/")
    assert client.get(first.url).url == "/sign-in/?next=%2Fadmin%2Fcredits%2Fclaim%2F"
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/sign-in/?next=%2Fadmin%2F"
    assert client.get("/admin/desk/").url == "/sign-in/?next=%2Fadmin%2Fdesk%2F"


def test_the_admin_never_asks_for_a_password(client):
    assert client.post("/admin/login/", {"username": "a@lakeshore.example", "password": "x"}).status_code in {302, 405}
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("role", [(), ("reviewer",), ("leadership",)])
def test_others_read_who_can_let_them_in(client, role):
    enter(client, *role)
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/admin/desk/").status_code == 403
    refused = client.get("/admin/credits/claim/", follow=True)
    assert refused.status_code == 403
    assert "The CME director can give you a role there." in refused.content.decode()


def test_the_first_page_is_the_queue(client):
    enter(client, "staff")
    assert client.get("/admin/").url == reverse("desk:queue")
    assert client.get("/admin/login/").url == reverse("desk:queue")


def test_the_policy_is_loosened_for_unfold_alone(client):
    enter(client, "staff")
    desk, home = client.get(reverse("desk:queue")), client.get("/activities/")
    assert "script-src 'self' 'unsafe-eval'" in desk["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in desk["Content-Security-Policy"]
    assert "unsafe" not in home["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline'" not in desk["Content-Security-Policy"]


# --- tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
@pytest.mark.parametrize("role", ["staff", "director"])
def test_every_table_is_read_and_never_typed_over(client, model, role):
    enter(client, role)
    names = listing(model)
    assert client.get(names).status_code == 200
    assert client.get(names, {"q": "zebra"}).status_code == 200
    by_hand = role == "director" and model._meta.model_name in KEPT_BY_HAND
    assert client.get(names + "add/").status_code == (200 if by_hand else 403)
    assert client.post(names, {"action": "delete_selected", "_selected_action": "1"}).status_code in {200, 302}


def test_every_table_belongs_to_the_portal():
    """Deny by default: nothing registers itself with Django's own permissions."""
    from common.admin import PortalModelAdmin

    assert [
        m._meta.label for m, a in admin.site._registry.items() if m in MODELS and not isinstance(a, PortalModelAdmin)
    ] == []


def test_the_text_of_mail_is_nobodys_to_read(client):
    """Links and codes in it are keys to somebody's account."""
    enter(client, "director")
    made = {
        name: OutboxMessage.objects.create(
            to="a@lakeshore.example",
            template=name,
            subject=f"About {name}",
            text="KEY-TO-IT",
            html="KEY-TO-IT",
            created_at="2026-01-01T00:00Z",
        )
        for name in ("sign_in_code", "disclosure_link")
    }
    names = listing(OutboxMessage)

    assert "About sign_in_code" not in client.get(names).content.decode()
    assert client.get(f"{names}{made['sign_in_code'].pk}/change/").status_code == 302
    shown = client.get(f"{names}{made['disclosure_link'].pk}/change/").content.decode()
    assert "About disclosure_link" in shown
    assert "KEY-TO-IT" not in shown


# --- acts --------------------------------------------------------------------------------------------


def act(client, row, name, **data):
    return client.post(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk]), data)


def test_a_certificate_is_corrected_and_revoked_with_a_reason(client):
    certificate = claimed().certificates.get()
    staff = enter(client, "staff")
    assert (
        certificate.code
        in client.get(listing(Certificate), {"q": certificate.claim.person.family_name}).content.decode()
    )
    before = AuditEvent.objects.count()
    silent = act(client, certificate, "supersede", reason=" ")
    assert "Say why, in a sentence." in silent.content.decode()
    assert (AuditEvent.objects.count(), Certificate.objects.count()) == (before, 1)

    act(client, certificate, "supersede", reason="Her name was misspelt.", why="name")
    certificate.refresh_from_db()
    new = certificate.replacement
    assert (certificate.status, certificate.end_reason, new.number) == ("superseded", "Her name was misspelt.", 2)

    again = act(client, certificate, "revoke", reason="Again.", why="error")
    assert "replaced or revoked already" in again.content.decode()
    act(client, new, "revoke", reason="She was not there.", why="error")
    new.refresh_from_db()
    assert (new.status, new.ended_by) == ("revoked", staff.person.name_with_degrees)


def test_a_claim_is_withdrawn_with_its_certificate(client):
    row = claimed()
    enter(client, "staff")

    act(client, row, "void", reason="The roster was of another day.")

    row.refresh_from_db()
    assert (row.status, row.void_reason) == ("void", "The roster was of another day.")
    assert row.certificates.get().status == "revoked"
    assert "withdrawn already" in act(client, row, "void", reason="Again.").content.decode()


@pytest.mark.parametrize("roles", [(), ("reviewer",)])
def test_nobody_else_acts(client, roles):
    mine = claimed()
    enter(client, *roles)

    for row, name in ((mine, "void"), (mine.certificates.get(), "revoke"), (mine.certificates.get(), "supersede")):
        assert act(client, row, name, reason="Because.").status_code == 302

    assert (Claim.objects.get().status, Certificate.objects.count()) == ("live", 1)
    assert Certificate.objects.get().status not in {"revoked", "superseded"}


def test_an_act_on_nothing_is_not_found(client):
    enter(client, "staff")
    for number in ("999999", "nonsense"):
        assert client.get(f"/admin/credits/claim/{number}/void/").status_code == 404


@pytest.mark.parametrize("name", ["Łukasz Nguyễn", "田中 花子 \U000f0000"])
def test_a_letter_without_a_font_is_a_finding(client, name):
    certificate = claimed(name).certificates.get()
    enter(client, "staff")
    page = client.get(reverse("admin:credits_certificate_change", args=[certificate.pk])).content.decode()
    assert ("All in our fonts." in page) == ("\U000f0000" not in name)


@pytest.mark.parametrize("items", [1, 3])
def test_lists_take_a_constant_number_of_queries(client, items, django_assert_max_num_queries):
    enter(client, "staff")
    for _n in range(items):
        claimed()
    for model, most in ((Claim, 9), (Certificate, 9)):
        client.get(listing(model))
        with django_assert_max_num_queries(most):
            assert client.get(listing(model)).status_code == 200


# --- office roles ------------------------------------------------------------------------------------


def test_the_director_gives_and_takes_roles(client):
    director = enter(client, "director")
    person = PersonFactory()

    act(client, person, "give_role", role="staff")
    role = OfficeRole.objects.get(person=person)
    assert (role.role, role.granted_by) == ("staff", director.person.name_with_degrees)
    assert "holds this role already" in act(client, person, "give_role", role="staff").content.decode()

    act(client, role, "take_back")
    role.refresh_from_db()
    assert role.revoked_by == director.person.name_with_degrees
    own = OfficeRole.objects.get(role="director")
    assert "This is the only director" in act(client, own, "take_back").content.decode()
    assert OfficeRole.objects.get(role="director").revoked_at is None
    assert list(AuditEvent.objects.order_by("pk").values_list("event", flat=True)) == [
        "office_role_granted",
        "office_role_revoked",
    ]


def test_staff_give_no_roles(client):
    staff = enter(client, "staff")
    assert act(client, staff.person, "give_role", role="director").status_code == 403
    assert act(client, OfficeRole.objects.get(), "take_back").status_code == 403
    assert list(OfficeRole.objects.values_list("role", "revoked_at")) == [("staff", None)]
