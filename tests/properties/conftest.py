"""Properties that hold for whatever is made up: the same cases in every run, so that a run says something about the code."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "syncredis",
    derandomize=True,
    database=None,
    deadline=None,  # the machine may be busy
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("syncredis")
