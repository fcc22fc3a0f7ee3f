"""Addresses of the office's desk, inside the admin."""

from django.urls import path

from reporting.views import acts, check_in, credit, desk, work

app_name = "desk"

urlpatterns = [
    path("", desk.queue_page, name="queue"),
    path("<str:number>/", desk.activity, name="activity"),
    path("<str:number>/step/", acts.step, name="step"),
    path("<str:number>/designate/", credit.designate, name="designate"),
    path("<str:number>/check-in/", check_in.check_in, name="check_in"),
    path("<str:number>/work/", work.work, name="work"),
    path("<str:number>/work/<int:pk>/take-back/", work.work_take_back, name="work_take_back"),
    path("<str:number>/reason/", acts.reason, name="reason"),
    path("<str:number>/confirm/", acts.confirm, name="confirm"),
    path("<str:number>/return/", acts.returning, name="return"),
    path("<str:number>/settle/", acts.settle, name="settle"),
    path("<str:number>/remind/", acts.remind, name="remind"),
    path("<str:number>/decide/", acts.decide, name="decide"),
    path("<str:number>/waive/", acts.waive, name="waive"),
]
