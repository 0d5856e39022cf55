"""A router's own figures, read off its page as Prometheus would."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


def metric(url: str, name: str, **labels: str) -> float:
    """Return a series' value, 0 if it is not there."""
    page = httpx.get(f"{url}/metrics").text
    samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
    return next((one.value for one in samples if one.name == f"media_router_{name}" and one.labels == labels), 0.0)
