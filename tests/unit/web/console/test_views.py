from typing import Any

import pytest

from router.contract import Reload
from router.web.console.recent import Memory
from tests.unit.web.console.making import desk, outcome
from tests.unit.web.making import DIGEST, StubEngine, client_of
from tests.unit.web.test_usage import PAID, TODAY, Totals

VIEWS = ("targets", "requests", "jobs", "usage", "configuration")


def shown(view: str, **options: Any) -> Any:
    with client_of(StubEngine(), desk=desk(DIGEST, memory=options.pop("memory", None)), **options) as client:
        answer = client.get(f"/console/api/{view}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()


@pytest.mark.parametrize("view", [*VIEWS, "jobs/video_1/content"])
def test_operators_only(view: str) -> None:
    """No view tells anything to somebody without an admin key."""
    with client_of(StubEngine(), desk=desk(DIGEST)) as client:
        del client.headers["authorization"]
        answer = client.get(f"/console/api/{view}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_admin_key")


def test_no_console() -> None:
    """A router without one says so."""
    with client_of(StubEngine()) as client:
        assert client.get("/console/api/targets").status_code == 404


def test_targets() -> None:
    """Each shows its breaker, its first bytes, its slots and its retry budget."""
    (one,) = shown("targets")["targets"]
    assert (one["provider"], one["breaker"], one["open_for"], one["first_byte_p95"]) == ("second", "open", 2.5, 0.4)
    assert one["budget"] == {"calls": 10, "repeats": 1, "allowed": 22.0}


def test_requests() -> None:
    """A request shows its outcome and who was chosen or declined; the newest comes first."""
    memory = Memory(lambda: 1000.0)
    memory.media_request_finished(outcome("r0"))
    memory.media_request_finished(outcome("r1"))
    one, before = shown("requests", memory=memory)["requests"]
    assert before["request_id"] == "r0"
    assert (one["ended_at"], one["request_id"], one["status"]) == (1000.0, "r1", 200)
    assert one["choices"][0]["targets"][0]["target"] == "a"
    assert one["choices"][0]["declined"] == {"b": "is mute"}


def test_usage() -> None:
    """It is of everybody, and says which teams there are."""
    totals = Totals(PAID)
    told = shown("usage?group_by=day,target", totals=totals)
    assert (told["teams"], told["lines"][0]["cost"]) == (["ads"], "2.500001")
    assert (totals.asked[0].team, totals.asked[0].last) == (None, TODAY)


def test_configuration() -> None:
    """The newest reading comes first, and digests of keys are not shown."""
    memory = Memory(lambda: 1000.0)
    for generation in (1, 2):
        memory.media_configuration_read(Reload(outcome="applied", generation=generation, changes=("added x",)))
    told = shown("configuration", memory=memory)
    assert [one["reading"]["generation"] for one in told["readings"]] == [2, 1]
    assert told["settings"]["teams"][0]["keys"] == ["***"]
    assert DIGEST not in str(told)


def test_a_film_that_is_not_there() -> None:
    """It is told apart from one that is nobody's business."""
    with client_of(StubEngine(), desk=desk(DIGEST)) as client:
        answer = client.get("/console/api/jobs/video_1/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
