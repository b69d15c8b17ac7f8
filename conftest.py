"""What all tests share."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# A machine that is busy is slow, which says nothing of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Apps that run as processes find what they share, as they do in their images.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent / "apps"), *filter(None, [os.environ.get("PYTHONPATH")])]
)
