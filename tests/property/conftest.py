"""Hypothesis on a machine that is busy with other tests: what it finds counts, not how long it took."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# tests/mutants.py: whether a change is found at all; the same cases for every change, and no time spent on the smallest one.
settings.register_profile(
    "mutants", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=25, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
settings.load_profile("portal")
