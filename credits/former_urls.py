"""Addresses of the office's pages about credit of former systems, inside the admin. Below a list as for attendance."""

from django.urls import path

from credits.views import former

app_name = "former"

urlpatterns = [
    path("", former.home, name="list"),
    path("template/", former.template, name="template"),
    path("<int:pk>/", former.detail, name="detail"),
    path("<int:pk>/columns/", former.columns, name="columns"),
    path("<int:pk>/types/", former.types, name="types"),
    path("<int:pk>/confirm/", former.confirm, name="confirm"),
    path("<int:pk>/undo/", former.undo, name="undo"),
    path("<int:pk>/download/", former.download, name="download"),
    path("<int:pk>/file/", former.file, name="file"),
    path("<int:pk>/rows/<int:row_pk>/", former.row, name="row"),
]
