import re
import subprocess
import sys
from math import inf
from pathlib import Path

import pytest

from benchmarks.gateways.aims import Aim
from benchmarks.gateways.check import complaints
from benchmarks.gateways.figures import US, Figures, Machine, kept, read, write
from benchmarks.gateways.table import headed, shown, spanned, summary, theirs, times_worse, twice

NGINX, LITELLM = "nginx", "LiteLLM"
COST = "whole-64/cpu"
RATE = "bulk/rate"
MACHINE = Machine("AMD EPYC 7003 (TM)", 4, 16, "6.1", "3.11.7")


def figures(*rounds: dict[str, dict[str, float]]) -> Figures:
    return Figures("2026-01-02T0304", MACHINE, 5.0, {US: "1", NGINX: "2"}, rounds=list(rounds))


def costing(*pairs: tuple[float, float]) -> Figures:
    return figures(*({COST: {US: ours, NGINX: theirs}} for ours, theirs in pairs))


def test_ratios_are_within_a_round() -> None:
    """Ours is divided by theirs of the same round, whatever other rounds gave."""
    assert costing((300, 100), (800, 200)).ratios(COST, NGINX) == [3, 4]


@pytest.mark.parametrize(
    ("ours", "theirs", "ratios"),
    [
        (300.0, 0.0, []),
        (300.0, -1.0, []),
        (inf, inf, []),
        (inf, 100.0, [inf]),
        (300.0, inf, [0.0]),
        (-1.0, 100.0, [-0.01]),
    ],
)
def test_what_cannot_be_divided(ours: float, theirs: float, ratios: list[float]) -> None:
    """A round in which there is nothing to divide by has no ratio; who failed alone is infinitely worse."""
    assert costing((ours, theirs)).ratios(COST, NGINX) == ratios


def test_a_round_without_one_of_them() -> None:
    """A contestant that was not asked leaves no ratio, and its name no error."""
    assert figures({COST: {US: 1.0}}).ratios(COST, NGINX) == []
    assert figures({}).of(COST, NGINX) == []


def test_kept_and_read_again(tmp_path: Path) -> None:
    """A run comes back as it was, with what failed; its file's name has the date and the machine, no path."""
    once = costing((inf, 100), (300.12346, 100))
    file = write(once, tmp_path)
    assert file.name == "2026-01-02T0304-amd-epyc-7003-4-cores.json"
    assert "Infinity" not in file.read_text()
    again = read(file)
    assert again.of(COST, US) == [inf, 300.1235]
    assert (again.machine, again.versions) == (once.machine, once.versions)
    assert kept(tmp_path) == [file]


@pytest.mark.parametrize(
    ("aim", "values", "reached"),
    [
        (Aim(COST, 7, NGINX), [6, 7, 90], True),
        (Aim(COST, 7, NGINX), [6, 7.1, 8], False),
        (Aim(RATE, 0.4, NGINX), [0.1, 0.4, 0.5], True),
        (Aim(RATE, 0.4, NGINX), [0.1, 0.3, 0.5], False),
        (Aim("start/cold", 1.0), [inf], False),
    ],
)
def test_aims_are_judged_by_the_median(aim: Aim, values: list[float], reached: bool) -> None:
    """An aim is reached if the median is within its bound: not above it, or not below it where more is better."""
    assert aim.reached(values) is reached


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (costing((300, 100)), costing((329, 100)), 0),
        (costing((300, 100)), costing((331, 100)), 1),
        (costing((300, 100)), costing((100, 100)), 0),
        (costing((300, 100)), figures({}), 1),
        (figures({}), costing((300, 100)), 0),
        (figures({RATE: {US: 50.0, NGINX: 100.0}}), figures({RATE: {US: 46.0, NGINX: 100.0}}), 0),
        (figures({RATE: {US: 50.0, NGINX: 100.0}}), figures({RATE: {US: 45.0, NGINX: 100.0}}), 1),
        (figures({"start/cold": {US: 1.0}}), figures({"start/cold": {US: 9.0}}), 0),
        (figures({"scale/teams": {US: 1.0}}), figures({"scale/teams": {US: inf}}), 1),
    ],
    ids=str,
)
def test_what_the_check_complains_of(before: Figures, now: Figures, found: int) -> None:
    """A ratio worse by over a tenth is complained of by name, and so is one gone missing; seconds are not compared."""
    told = list(complaints(now, before))
    assert len(told) == found
    assert all(": " in one for one in told)


@pytest.mark.parametrize(
    ("key", "ours", "length"), [(COST, 300.0, 3.0), (RATE, 50.0, 2.0), (COST, inf, None), (RATE, 0.0, None)]
)
def test_how_many_times_worse(key: str, ours: float, length: float | None) -> None:
    """More is worse, whichever way the measure goes, and who failed has no figure."""
    assert times_worse(figures({key: {US: ours, NGINX: 100.0}}), key, US) == length


def test_the_chart(tmp_path: Path) -> None:
    """It names the measures drawn, and loads nothing from anywhere."""
    run, drawn = write(costing((300, 100)), tmp_path), tmp_path / "chart.svg"
    # In a process of its own: what pygal does to imports warns ever after.
    subprocess.run([sys.executable, "-m", "benchmarks.gateways.chart", str(run), str(drawn)], check=True)
    assert "whole speech, 64 at once: CPU per request" in drawn.read_text()
    assert not re.search(r"(?:src|href)=", drawn.read_text())


def test_what_the_table_shows() -> None:
    """A cell has the median, and least, median and most of the ratios; failures and blanks say so."""
    run = costing((300, 100), (800, 100), (700, 100))
    assert theirs(run, COST, NGINX) == "100\n3x 7x 8x"
    assert theirs(run, COST, LITELLM) == "-"
    assert shown([inf, inf, 1.0]) == "failed"
    assert spanned([0.0286]) == "0.0286x 0.0286x 0.0286x"


def test_how_far_apart_two_measurements_are() -> None:
    """The noise of each is told, and that of their ratio, which is less where both were slow at once."""
    run = figures(
        {COST: {US: 300.0, NGINX: 100.0}, "noise/again": {US: 330.0, NGINX: 110.0}},
        {COST: {US: 300.0, NGINX: 100.0}, "noise/again": {US: 315.0, NGINX: 100.0}},
    )
    assert dict(twice(run)) == pytest.approx({NGINX: 0.1, US: 0.1, "the ratio": 0.05})
    assert dict(twice(costing((300, 100)))) == {}


def test_what_heads_a_column() -> None:
    """Who is written in Python is named with what ran it."""
    run = Figures("2026-01-02T0304", MACHINE, 5.0, {US: "1", NGINX: "2"}, {US: "CPython 3.11.2, optimised"})
    assert [headed(run, name) for name in (US, NGINX)] == ["media-router 1\nCPython 3.11.2, optimised", "nginx 2"]


def test_the_last_line() -> None:
    """It has how many aims were reached of those measured, and each ratio."""
    assert summary(costing((300, 100)), []) == "1 of 1 aims reached: whole-64/cpu 3x nginx"
