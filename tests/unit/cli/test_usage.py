"""`media-router usage`, over a ledger on disk."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from router.store.ledger import Entry
from tests.unit.cli.keeping import Kept

NEW_YEAR = 20_454  # 2026-01-01


def entry(number: int, **rest: Any) -> Entry:
    fields = {
        "writer": 1,
        "at": 1.5,
        "day": NEW_YEAR,
        "request_id": "q",
        "task": "speech",
        "route": "r",
        "currency": "USD",
    }
    return Entry(**{"number": number, **fields, "requests": 1, "calls": 1, **rest})


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path)
    entries = [
        entry(1, team="ads", provider="a", cost=1_500_000, characters=100),
        entry(2, team="ads", provider="b", cost=250_000, audio_ms=1500, day=NEW_YEAR + 1),
        entry(3, team="games", provider="a", cost=1, doubtful=1),
    ]
    kept.do(lambda stores: stores.ledger.add(entries))
    return kept


DAYS = ("--days", "2026-01-01..2026-01-31")


def test_a_table(kept: Kept) -> None:
    """By team and route, with the sum of each column."""
    result = kept.run("usage", *DAYS)
    assert result.exit_code == 0
    for word in ("ads", "games", "1.75", "0.000001", "1.750001", "2026-01-31"):
        assert word in result.stdout


def test_for_machines(kept: Kept) -> None:
    """JSON and CSV hold the same figures, by what is asked for."""
    words = ("usage", *DAYS, "--by", "provider", "--by", "day")
    lines = json.loads(kept.run(*words, "--as", "json").stdout)
    assert [(one["provider"], one["day"], one["requests"], one["cost"]) for one in lines] == [
        ("a", "2026-01-01", 2, "1.500001"),
        ("b", "2026-01-02", 1, "0.25"),
    ]
    rows = list(csv.DictReader(io.StringIO(kept.run(*words, "--as", "csv").stdout)))
    assert rows == [{name: str(value) for name, value in line.items()} for line in lines]


def test_one_teams(kept: Kept) -> None:
    """A team's own, of one day."""
    lines = json.loads(kept.run("usage", "--days", "2026-01-01", "--team", "ads", "--as", "json").stdout)
    assert [(one["team"], one["characters"]) for one in lines] == [("ads", 100)]


def test_a_chart(kept: Kept) -> None:
    """A bar for each line, as long as what it cost; in the terminal and as a drawing."""
    shown = kept.run("usage", *DAYS, "--by", "team", "--as", "chart").stdout.splitlines()
    bars = {line.split()[0]: line.count("█") for line in shown if "USD" in line}
    assert bars["ads"] > 100
    assert bars["games"] == 0
    file = kept.state.parent / "usage.svg"
    assert kept.run("usage", *DAYS, "--as", str(file)).exit_code == 0
    assert file.read_text().startswith("<svg")


def test_a_chart_where_nothing_cost_anything(kept: Kept) -> None:
    """Requests are drawn in its place."""
    kept.do(lambda stores: stores.ledger.add([entry(4, team="free", day=NEW_YEAR + 100)]))
    shown = kept.run("usage", "--days", "2026-04-11", "--by", "team", "--as", "chart").stdout
    assert "requests" in shown
    assert "USD" not in shown


@pytest.mark.parametrize("days", ["0", "yesterday", "2026-01-02..2026-01-01", "5000", "2026-1-1", "9999999999999"])
def test_days_that_will_not_do(kept: Kept, days: str) -> None:
    """What are no days is said to be none."""
    result = kept.run("usage", "--days", days)
    assert result.exit_code == 2
    assert "--days" in result.stderr


def test_a_form_that_is_not_known(kept: Kept) -> None:
    """A misspelt form is refused before anything is read."""
    result = kept.run("usage", "--as", "xml")
    assert result.exit_code == 2
    assert "table, chart, csv, json" in " ".join(result.stderr.replace("│", " ").split())
