"""Hypothesis on a machine that is busy with other tests: what it finds counts, not how long it took."""

from hypothesis import HealthCheck, settings

settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")
