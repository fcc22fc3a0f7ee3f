"""One include per app; the admin; health; error handlers."""

from django.urls import path

urlpatterns: list = []
