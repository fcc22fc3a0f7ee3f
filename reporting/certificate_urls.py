"""Addresses of the office's pages about certificates and how they look, inside the admin."""

from django.urls import path

from reporting.views import certificates, designs

app_name = "certificate_desk"

urlpatterns = [
    path("", certificates.home, name="home"),
    path("again/", certificates.again, name="again"),
    path("names/<int:pk>/", certificates.name_change, name="name_change"),
    path("designs/", designs.designs, name="designs"),
    path("designs/start/", designs.start, name="design_start"),
    path("designs/<int:pk>/", designs.design_page, name="design"),
    path("designs/<int:pk>/picture/", designs.picture, name="design_picture"),
    path("designs/<int:pk>/use/", designs.use, name="design_use"),
    path("designs/<int:pk>/end/", designs.end, name="design_end"),
    path("designs/<int:pk>/<str:kind>.png", designs.preview, name="design_preview"),
    path("designs/<int:pk>/<str:kind>.pdf", designs.preview_file, name="design_file"),
]
