from collections.abc import Sequence
from typing import Any

import pytest
from litestar.testing import TestClient

from router.store.errors import RecordsUnavailable
from router.store.ledger import Span, Total
from tests.unit.web.making import StubEngine, client_of

TODAY = 19_675  # 2023-11-14, on which the tests' clock stands


class Totals:
    """Sums, whatever is asked for; `asked` is what was."""

    def __init__(self, *found: Total) -> None:
        self.found = found
        self.asked: list[Span] = []

    async def __call__(self, span: Span) -> Sequence[Total]:
        self.asked.append(span)
        return self.found


def total(*key: str | int, **rest: Any) -> Total:
    told = dict.fromkeys(Total.__struct_fields__[2:], 0)
    return Total(**{"key": key, "currency": "USD", **told, **rest})


PAID = total(TODAY, "a/m", requests=2, calls=3, hedges=1, characters=40, audio_ms=1500, cost=2_500_001, doubtful=1)


def asked(query: str, *found: Total) -> tuple[Any, list[Span]]:
    totals = Totals(*found)
    with client_of(StubEngine(), totals=totals) as client:
        return client.get(f"/v1/usage{query}"), totals.asked


def test_a_teams_own() -> None:
    """A team sees the last thirty days of its own, whatever it asks for."""
    answer, spans = asked("?group_by=day,target", PAID)
    assert answer.json() == {
        "object": "usage",
        "team": "ads",
        "from": "2023-10-16",
        "to": "2023-11-14",
        "lines": [
            {
                "day": "2023-11-14", "target": "a/m", "requests": 2, "calls": 3, "hedges": 1, "cached": 0,
                "characters": 40, "audio_seconds": 1.5, "video_seconds": 0.0, "cost": "2.500001", "doubtful": "0.000001",
                "currency": "USD",
            }
        ],
    }  # fmt: skip
    assert spans == [Span(first=TODAY - 29, last=TODAY, team="ads", by=("day", "target"))]


def test_as_a_spreadsheet_reads_it() -> None:
    """CSV has a heading, the same figures, and a name to be saved under."""
    answer, _ = asked("?group_by=day&group_by=target&format=csv&from=2023-11-14", PAID)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "usage-2023-11-14-2023-11-14.csv" in answer.headers["content-disposition"]
    assert answer.text.split("\r\n") == [
        "day,target,requests,calls,hedges,cached,characters,audio_seconds,video_seconds,cost,doubtful,currency",
        "2023-11-14,a/m,2,3,1,0,40,1.5,0.0,2.500001,0.000001,USD",
        "",
    ]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("?from=2023-11-01&to=2023-11-02", TODAY - 13, TODAY - 12),
        ("?to=2023-11-02", TODAY - 41, TODAY - 12),
        ("?from=2022-11-14", TODAY - 365, TODAY),
        ("?to=1970-01-02", 0, 1),
    ],
)
def test_which_days(query: str, first: int, last: int) -> None:
    """Both days named are included; what is left out is today, and thirty days in all."""
    _, spans = asked(query)
    assert [(one.first, one.last) for one in spans] == [(first, last)]


@pytest.mark.parametrize(
    ("query", "param", "told"),
    [
        ("?from=2023-11-02&to=2023-11-01", "from", "after `to`"),
        ("?from=yesterday", "from", "date"),
        ("?from=1990-01-01", "from", "at most 3660 days"),
        ("?group_by=team", "group_by", "must be one of"),
        ("?group_by=day,day", "group_by", "twice"),
        ("?team=games", "team", "unknown field"),
        ("?format=xml", "format", "must be one of"),
    ],
)
def test_a_query_that_will_not_do(query: str, param: str, told: str) -> None:
    """What cannot be meant is refused, and said so; nobody can name another team."""
    answer, spans = asked(query)
    problem = answer.json()["error"]
    assert (answer.status_code, problem["param"].partition("[")[0], spans) == (400, param, [])
    assert told in problem["message"]


def test_without_a_key() -> None:
    """Nobody sees anything without a key."""
    with client_of(StubEngine(), totals=Totals(PAID)) as client:
        client.headers.clear()
        assert client.get("/v1/usage").status_code == 401


def test_while_the_database_is_away() -> None:
    """It is said to be away, and when to come back."""

    async def away(_: Span) -> Sequence[Total]:
        raise RecordsUnavailable("the database of records cannot be reached")

    with client_of(StubEngine(), totals=away) as client:
        answer = client.get("/v1/usage")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "records_unavailable")


def test_nothing_was_used(client: TestClient[Any]) -> None:
    """A team that has used nothing has no lines."""
    assert client.get("/v1/usage").json()["lines"] == []
