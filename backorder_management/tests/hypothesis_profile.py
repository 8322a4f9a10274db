"""How property tests are run. Imported before the tests, which are made by it."""

from hypothesis import HealthCheck, settings

# A machine that is busy with something else is no defect of what is tested.
settings.register_profile(
    "backorder_management",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("backorder_management")
