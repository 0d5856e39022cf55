"""How a board and its charts look; the only module that knows Grafana's own builders."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import GraphDrawStyle, LegendDisplayMode, StackingMode, TooltipDisplayMode

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDE: Final = 12
"""Columns of a chart: two stand side by side."""
HIGH: Final = 8


@dataclass(frozen=True)
class Chart:
    """Curves over time. `queries` are PromQL by legend; `told` says what to read off it."""

    title: str
    told: str
    queries: Mapping[str, str]
    unit: str = "short"
    stacked: bool = False


@dataclass(frozen=True)
class Board:
    """A dashboard, known to Grafana as `media-router-{name}`."""

    name: str
    title: str
    charts: Sequence[Chart]


def drawn(board: Board) -> str:
    """Return the dashboard as Grafana takes it."""
    made = (
        dashboard.Dashboard(f"media-router: {board.title}")
        .uid(f"media-router-{board.name}")
        .tags(["media-router"])
        .time("now-3h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .link(
            dashboard.DashboardLink("media-router")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["media-router"])
            .as_dropdown(as_dropdown=True)
            .keep_time(keep_time=True)
        )
    )
    for number, chart in enumerate(board.charts, start=1):
        made = made.with_panel(_panel(chart).id(number))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _panel(chart: Chart) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(chart.title)
        .description(chart.told)
        .datasource(SOURCE)
        .unit(chart.unit)
        .min(0)
        .span(WIDE)
        .height(HIGH)
        .fill_opacity(60 if chart.stacked else 8)
        .draw_style(GraphDrawStyle.LINE)
        .legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(show_legend=True))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if chart.stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for number, (legend, expr) in enumerate(chart.queries.items()):
        query = prometheus.Dataquery().expr(expr).legend_format(legend).range().ref_id(chr(ord("A") + number))
        panel = panel.with_target(query)
    return panel
