"""Rules and alerts, by Prometheus' own tool, and against the series and errors that there are."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from router.contract import MediaError, ProviderFailed, errors
from router.telemetry import metrics  # noqa: F401 - makes the series

PLACE = Path(__file__).parents[2] / "deploy" / "prometheus"
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
SERIES = re.compile(r"(?<![\w:])media_router_\w+")
HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing (the fix: install prometheus)"
)


def rules() -> Iterator[dict[str, Any]]:
    for name in ("recording.yml", "alerts.yml"):
        for group in yaml.safe_load((PLACE / name).read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


@needs_promtool
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "recording.yml", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    """Configuration, rules, and what the rules make of series that are given."""
    done = subprocess.run(("promtool", *words), cwd=PLACE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr


@needs_promtool
def test_promtool_would_disagree(tmp_path: Path) -> None:
    """With a rule that says something else the same test fails."""
    for one in PLACE.iterdir():
        shutil.copy(one, tmp_path)
    (tmp_path / "alerts.yml").write_text((PLACE / "alerts.yml").read_text().replace("== 2", "== 1"))
    done = subprocess.run(
        ("promtool", "test", "rules", "alerts_test.yml"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "MediaRouterProviderDown" in done.stdout + done.stderr) == (1, True)


def test_every_series_exists() -> None:
    """No rule asks for a series that the router does not have."""
    there = {sample for one in REGISTRY.collect() for sample in (one.name, f"{one.name}_total")}
    asked = {HISTOGRAM.sub("", name) for rule in rules() for name in SERIES.findall(rule["expr"])}
    assert len(asked) > 5
    assert asked <= there


def test_what_counts_as_failed() -> None:
    """Each error that is not the caller's own doing, and no other."""
    ratio = next(rule["expr"] for rule in rules() if rule.get("record", "").endswith("failed:ratio_rate5m"))
    failed = re.compile(ratio.split('outcome=~"')[1].split('"')[0])
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, MediaError)]
    ours = {one.code for one in kinds if one.status >= 500 or issubclass(one, ProviderFailed)}
    theirs = {one.code for one in kinds} - ours
    assert {code for code in ours if not failed.fullmatch(code)} == set()
    assert {code for code in (*theirs, "ok", "cancelled") if failed.fullmatch(code)} == set()


def test_every_alert_has_its_place_in_the_runbook_and_its_test() -> None:
    """And the runbook has no others."""
    told = [line[3:] for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")]
    tested = (PLACE / "alerts_test.yml").read_text()
    assert [rule["alert"] for rule in alerts()] == told
    for rule in alerts():
        assert rule["annotations"]["runbook_url"].endswith(f"#{rule['alert'].lower()}")
        assert f"alertname: {rule['alert']}" in tested
