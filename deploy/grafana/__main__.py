"""Writes the dashboards beside this file, where Grafana's provisioning looks for them."""

from pathlib import Path

from deploy.grafana.boards import BOARDS
from deploy.grafana.drawing import drawn

for board in BOARDS:
    (Path(__file__).parent / "dashboards" / f"{board.name}.json").write_text(drawn(board))
