"""Pages of the demo only (decision 26)."""

from django.urls import path

from cme_portal import demo_views as views

app_name = "demo"
urlpatterns = [
    path("", views.index, name="index"),
    path("sign-in/<int:user_id>/", views.sign_in_as, name="sign_in_as"),
    path("mail/", views.mail, name="mail"),
    path("mail/<int:pk>/", views.message, name="message"),
    path("mail/<int:pk>/<int:part>/", views.attachment, name="attachment"),
    path("clock/", views.clock_page, name="clock"),
    path("text/", views.text, name="text"),
    path("patterns/", views.patterns, name="patterns"),
]
