from prometheus_client import REGISTRY

from router.contract import LimitsTold, QuotaUse
from router.telemetry.metrics import media_limits_changed


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"media_router_{name}", labels) or 0.0


def test_limits() -> None:
    """Shares are shown as they stand, refusals and uncounted requests add up, and it is shown whether anybody counts."""
    use = QuotaUse(team="limited", limit="characters-day", used=0.25, refused=2)
    media_limits_changed(LimitsTold(quotas=(use,), there=True, fail="open"))
    assert sample("limits_store_up", fail="open") == 1
    media_limits_changed(LimitsTold(quotas=(use,), there=False, fail="open", unmetered=3))
    assert sample("quota_used_ratio", team="limited", limit="characters-day") == 0.25
    assert sample("quota_refusals_total", team="limited", limit="characters-day") == 4
    assert sample("unmetered_requests_total", fail="open") == 3
    assert sample("limits_store_up", fail="open") == 0
