"""Dashboards: what is committed is what the program draws, and shows all there is."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.grafana.boards import BOARDS
from deploy.grafana.drawing import Board, drawn
from router.telemetry import metrics

PLACE = Path(__file__).parents[2] / "deploy" / "grafana"
SERIES = re.compile(r"(?<![\w:])media_router_(\w+)")
ENDING = re.compile(r"_(?:total|bucket|sum|count)$")


def shown() -> set[str]:
    """Return the series on all dashboards, without the endings of counters and histograms."""
    queries = [query for board in BOARDS for chart in board.charts for query in chart.queries.values()]
    return {ENDING.sub("", name) for query in queries for name in SERIES.findall(query)}


def there() -> set[str]:
    metrics.generation()  # made where a configuration comes into force
    prefix = "media_router_"
    return {one.name.removeprefix(prefix) for one in REGISTRY.collect() if one.name.startswith(prefix)}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_what_is_committed_is_what_is_drawn(board: Board) -> None:
    """`python -m deploy.grafana` would change no file."""
    assert (PLACE / "dashboards" / f"{board.name}.json").read_text() == drawn(board)


def test_there_is_no_other_dashboard() -> None:
    """None whose board is gone, and none that Grafana would take for another."""
    assert {one.stem for one in (PLACE / "dashboards").iterdir()} == {board.name for board in BOARDS}
    assert len({json.loads(drawn(board))["uid"] for board in BOARDS}) == len(BOARDS)


def test_every_series_is_on_a_dashboard() -> None:
    """And no dashboard shows one that the router does not have; `failed` is a recorded ratio."""
    assert len(there()) > 30
    assert shown() == there()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_charts_fill_the_board(board: Board) -> None:
    """No two overlap, and each says what to read off it."""
    panels = json.loads(drawn(board))["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(panels)
    assert all(panel["description"] and panel["title"] for panel in panels)


def test_grafana_finds_source_and_dashboards() -> None:
    """The files that provision them are of the version that Grafana reads, and lead to Prometheus and to one folder."""
    source, boards = (
        yaml.safe_load((PLACE / "provisioning" / name).read_text())
        for name in ("datasources/prometheus.yml", "dashboards/media-router.yml")
    )
    assert (source["apiVersion"], boards["apiVersion"]) == (1, 1)
    assert [(one["type"], one["url"]) for one in source["datasources"]] == [("prometheus", "http://prometheus:9090")]
    assert [one["options"]["path"] for one in boards["providers"]] == ["/var/lib/grafana/dashboards"]
