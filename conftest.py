"""What all tests share."""

from hypothesis import HealthCheck, settings

# A machine that is busy is slow, which says nothing of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
