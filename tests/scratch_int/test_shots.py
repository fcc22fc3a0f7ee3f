import datetime as dt, json, subprocess, sys
import pytest
from django.db import transaction
from django.urls import reverse
from accounts.domain import links
from common import clock
from common.actors import system
from tests.factories.accounts import *
from tests.factories.activities import *
from tests.factories.integrity import *

@pytest.mark.django_db(transaction=True)
def test_shots(live_server):
    ProviderFactory()
    def token(role, days=30):
        with transaction.atomic():
            return reverse("integrity:disclosure_by_link", args=[links.make(person=role.person, purpose="disclosure", obj=role.activity, by=system("x"), days=days)[1]])
    a = ActivityFactory(title="Opioid Use Disorder in Primary Care")
    naomi = ActivityRoleFactory(activity=a, person=PersonFactory(given_name="Naomi", family_name="Feldstein"))
    new = token(naomi); gone = token(naomi, 0)
    CompanyFactory(name="Corvane Therapeutics")
    sol = ActivityRoleFactory(activity=a, person=PersonFactory(given_name="Henrik", family_name="Solberg"))
    d = DisclosureFactory(person=sol.person, some=True, submitted_at=clock.now()-dt.timedelta(days=366))
    RelationshipFactory(disclosure=d, company=CompanyFactory(name="Ostrea Diagnostics"))
    RelationshipFactory(disclosure=d, company=CompanyFactory(name="Tarn Medical Devices"), nature="researcher")
    renew = token(sol)
    lin = ActivityRoleFactory(activity=a, person=PersonFactory(given_name="Meihua", family_name="Lin"))
    done = token(lin)
    d = DisclosureFactory(person=lin.person, some=True, submitted_at=clock.now()+dt.timedelta(seconds=2))
    RelationshipFactory(disclosure=d, company=CompanyFactory(name="Birch Labs"), ended=True, ended_on="March 2026")
    fill = """
pg.check('#id_answer_1'); pg.fill('#id_c1-company','Corvane Therapeutics'); pg.select_option('#id_c1-nature','consultant'); pg.check('#id_c1-going_on_1'); pg.fill('#id_c1-ended_on','3/26?'); pg.locator('.actions button').click()
"""
    stock = "pg.check('#id_answer_1'); pg.fill('#id_c1-company','Corvane Therapeutics'); pg.select_option('#id_c1-nature','stock'); pg.locator('.companies > button').click()"
    ren = "pg.locator('fieldset.relation').nth(0).get_by_text('It changed', exact=True).click(); pg.locator('fieldset.relation').nth(1).get_by_text('It ended', exact=True).click()"
    urls = [("new", new, ""), ("filled", new, fill), ("stock", new, stock), ("renew", renew, ""), ("renew2", renew, ren), ("done", done, ""), ("gone", gone, "")]
    p = subprocess.run([sys.executable, "/tmp/int/shots.py", live_server.url, "/tmp/int", json.dumps(urls)], capture_output=True, text=True, timeout=200)
    print(p.stdout, p.stderr[-3000:])
    assert p.returncode == 0
