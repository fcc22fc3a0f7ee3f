"""Addresses of the activities app."""

from django.urls import URLPattern, path

from activities.views import agreed, applications, door, gaps, handouts, imports, kiosk, learner, manage, series, texts

app_name = "activities"

urlpatterns: list[URLPattern] = [
    # planner pages
    path("plan/", manage.my_activities, name="my_activities"),
    path("plan/new/", applications.application_create, name="application_create"),
    path("plan/gaps/", gaps.gap_list, name="gap_list"),
    path("plan/gaps/new/", gaps.gap_create, name="gap_create"),
    path("plan/gaps/<int:pk>/", gaps.gap_detail, name="gap_detail"),
    path("plan/gaps/<int:pk>/sources/<int:source_pk>/file/", gaps.gap_source_file, name="gap_source_file"),
    path("plan/<str:number>/", manage.plan_detail, name="plan_detail"),
    path("plan/<str:number>/submit/", applications.application_submit, name="application_submit"),
    path("plan/<str:number>/withdraw/", applications.application_withdraw, name="application_withdraw"),
    path("plan/<str:number>/requests/<int:pk>/", applications.request_answer, name="request_answer"),
    path("plan/<str:number>/trace/", manage.trace, name="trace"),
    # series
    path("plan/<str:number>/series/", series.series_plan, name="series_plan"),
    path("plan/<str:number>/sessions/<int:pk>/", series.session_change, name="session_change"),
    path("plan/<str:number>/sessions/<int:pk>/present/", series.session_present, name="session_present"),
    path("plan/<str:number>/sessions/<int:pk>/sign-in-sheet/", series.session_sheet, name="session_sheet"),
    path("plan/<str:number>/sessions/<int:pk>/attendance/", series.session_attendance, name="session_attendance"),
    path("plan/<str:number>/sessions/<int:pk>/door/", door.session_door, name="session_door"),
    path("plan/<str:number>/sessions/<int:pk>/kiosk/", kiosk.session_kiosk, name="session_kiosk"),
    path("plan/<str:number>/handouts/", handouts.handout_list, name="handout_list"),
    # attendance from files
    path("plan/<str:number>/imports/", imports.import_list, name="import_list"),
    path("plan/<str:number>/imports/template/", imports.import_template, name="import_template"),
    path("plan/<str:number>/imports/<int:pk>/", imports.import_detail, name="import_detail"),
    path("plan/<str:number>/imports/<int:pk>/columns/", imports.import_columns, name="import_columns"),
    path("plan/<str:number>/imports/<int:pk>/confirm/", imports.import_confirm, name="import_confirm"),
    path("plan/<str:number>/imports/<int:pk>/undo/", imports.import_undo, name="import_undo"),
    path("plan/<str:number>/imports/<int:pk>/download/", imports.import_download, name="import_download"),
    path("plan/<str:number>/imports/<int:pk>/file/", imports.import_file, name="import_file"),
    path("plan/<str:number>/imports/<int:pk>/rows/<int:row_pk>/", imports.import_row, name="import_row"),
    path("plan/<str:number>/change/", agreed.plan_change, name="plan_change"),
    path("plan/<str:number>/<str:section>/", applications.application_section, name="application_section"),
    # what the carrier of text messages calls
    path("texts/", texts.text_message, name="text_message"),
    # a tablet at the door
    path("kiosk/worker.js", kiosk.kiosk_worker, name="kiosk_worker"),
    path("kiosk/<str:token>/", kiosk.kiosk, name="kiosk"),
    path("kiosk/<str:token>/sync/", kiosk.kiosk_sync, name="kiosk_sync"),
    # learner pages
    path("activities/", learner.catalogue_page, name="catalogue"),
    path("activities/<str:number>/", learner.activity_detail, name="activity_detail"),
    path("activities/<str:number>/calendar.ics", learner.activity_calendar, name="activity_calendar"),
    path("activities/<str:number>/handouts/<int:pk>/", handouts.handout_file, name="handout_file"),
    path("activities/<str:number>/register/", learner.registration_create, name="registration_create"),
    path("activities/<str:number>/registration/", learner.registration_detail, name="registration_detail"),
    path("activities/<str:number>/registration/cancel/", learner.registration_cancel, name="registration_cancel"),
    path("activities/<str:number>/registration/undo/", learner.registration_undo, name="registration_undo"),
    path("activities/<str:number>/registration/accept/", learner.registration_accept, name="registration_accept"),
]
