"""Both ways to a hot route: past litestar for what is ordinary, through it for everything else."""

from collections.abc import Mapping
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import Exhausted, TimedOut
from router.web.hot import Arrived, ordinary, serve
from tests.unit.web.making import AUTH, StubEngine, client_of, failing, site_over

SPEECH = "/v1/audio/speech"
PLAIN = {"content-type": "application/json"}
SPELLED = {"content-type": "application/json; charset=utf-8"}
"""Means the same, and goes through litestar."""
RAW = [(b"host", b"a:80"), (b"content-type", b"application/json"), (b"content-length", b"14")]

SITUATIONS: Mapping[str, tuple[bytes, Mapping[str, str]]] = {
    "well": (b'{"input":"hi"}', {}),
    "no key": (b'{"input":"hi"}', {"authorization": "Basic x"}),
    "a wrong key": (b'{"input":"hi"}', {"authorization": "Bearer x"}),
    "a key in another spelling": (b'{"input":"hi"}', {"authorization": "", "x-api-key": AUTH["authorization"][7:]}),
    "no patience": (b'{"input":"hi"}', {"x-request-timeout": "soon"}),
    "no body": (b"", {}),
    "no JSON": (b"{", {}),
    "an unknown field": (b'{"inptu":"hi"}', {}),
    "an id": (b'{"input":"hi"}', {"x-request-id": "mine"}),
    "no id": (b'{"input":"hi"}', {"x-request-id": "not sane"}),
}


def answered(client: TestClient[Litestar], body: bytes, headers: Mapping[str, str]) -> tuple[int, Any, bytes]:
    answer = client.post(SPEECH, content=body, headers=dict(headers))
    told = {name: text for name, text in answer.headers.items() if name != "server-timing"}
    return answer.status_code, told, answer.content


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("fails", [False, True])
def test_both_ways_alike(situation: str, fails: bool) -> None:
    """Status, headers and body are the same on either way, and so is what is counted."""
    body, headers = SITUATIONS[situation]
    seen = []
    for way in PLAIN, SPELLED:
        engine = StubEngine(failing(Exhausted([("a", TimedOut("b"))]))) if fails else StubEngine()
        with client_of(engine, new_id=lambda: "req_new") as client:
            seen.append((answered(client, body, {**way, **headers}), [one.outcome for one in engine.outcomes]))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "unusual",
    [
        [(b"content-type", b"application/json; charset=utf-8"), *RAW[2:]],
        [*RAW[:2], (b"content-length", b"100000")],
        [*RAW[:2], (b"content-length", b"+9")],
        RAW[:2],
        [*RAW, (b"idempotency-key", b"k")],
        [*RAW, (b"x-request-timeout", b"1"), (b"x-request-timeout", b"2")],
        [(b"host", b"a b"), *RAW[1:]],
    ],
)
def test_what_is_not_ordinary(unusual: list[tuple[bytes, bytes]]) -> None:
    """What is long, said twice, in another spelling, or not to be done twice is left to litestar."""
    assert ordinary(RAW)
    assert ordinary(unusual) is None


async def test_a_body_in_pieces(engine: StubEngine) -> None:
    """A body is read to the length that was stated, however it comes; what is received then is the answer's business."""
    left = [b'{"inp', b'ut":"hi"}']
    got: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    async def send(message: Any) -> None:
        got.append(message)

    def begin(_call: object, body: bytes) -> Any:
        async def answer(_scope: Any, _receive: Any, tell: Any) -> None:
            await tell(body)

        return answer

    headers = {"authorization": AUTH["authorization"], "content-length": "14"}
    scope: Any = {"client": ("203.0.113.5", 1)}
    await serve(site_over(engine), begin, Arrived(scope, headers, receive), send)
    assert got == [b'{"input":"hi"}']


async def test_a_caller_who_leaves_within_the_body(engine: StubEngine) -> None:
    """It is refused as anything else that cannot be read, and nobody is asked to speak."""
    got: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        got.append(message)

    headers = {"authorization": AUTH["authorization"], "content-length": "14"}
    scope: Any = {"client": None}
    await serve(site_over(engine), lambda *_: None, Arrived(scope, headers, receive), send)  # type: ignore[arg-type]
    assert [one.get("status") for one in got] == [400, None]
    assert b"incomplete_body" in got[1]["body"]
