"""People, their addresses and their office roles; the provider and its departments."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
