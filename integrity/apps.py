"""Disclosures, relevance, mitigation and ineligible companies."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "integrity"

    def ready(self) -> None:
        from common.status import Status, register
        from integrity.enums import Standing

        register(
            "disclosure",
            {
                Standing.DISCLOSED: Status("Answered, not read", "info", "mail-open"),
                Standing.TO_MITIGATE: Status("To mitigate", "warn", "scale"),
            },
        )
