"""PromQL over the router's series, whose names go without their prefix here."""

from typing import Final

WINDOW: Final = "$__rate_interval"
"""Grafana's: four scrapes at least, and no less than one point of the chart."""


def per_second(series: str, *labels: str) -> str:
    """Return how fast a counter grows, by labels."""
    return f"sum{_by(labels)} (rate(media_router_{series}_total[{WINDOW}]))"


def per_hour(series: str, *labels: str) -> str:
    """Return how much a counter grows in an hour at its present speed: for what is rare, or money."""
    return f"3600 * {per_second(series, *labels)}"


def share(series: str, part: str, *labels: str) -> str:
    """Return which share of a counter's growth is in the part that the label matchers pick."""
    picked = f"sum{_by(labels)} (rate(media_router_{series}_total{{{part}}}[{WINDOW}]))"
    return f"{picked} / {per_second(series, *labels)}"


def quantile(rank: float, series: str, *labels: str) -> str:
    """Return a quantile of a histogram, by labels."""
    buckets = f"rate(media_router_{series}_bucket[{WINDOW}])"
    return f"histogram_quantile({rank:g}, sum{_by((*labels, 'le'))} ({buckets}))"


def level(combined: str, series: str, *labels: str) -> str:
    """Return a gauge, combined over routers by `sum`, `max` or `min`."""
    return f"{combined}{_by(labels)} (media_router_{series})"


def _by(labels: tuple[str, ...]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""
