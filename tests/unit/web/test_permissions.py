"""What a team may use is all it is shown, and all it is given."""

from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from router.contract import Settings
from router.engine.settings import Limits, RouterSettings, Team
from router.store.counters import LocalCounters
from router.teams.reserve import Admission
from tests.unit.teams.making import Wall
from tests.unit.web.making import KEY, StubEngine, client_of
from tests.unit.web.test_catalogue import Speaker, route

ROUTES = (route("fast", "tts-1", "tts-2"), route("slow", "tts-3"))
FACE, SOUND = "https://a.test/a.png", "https://a.test/a.wav"
FILM = {"ref_image": FACE, "input": SOUND}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/audio/speech": {"input": "hello", "model": "tts-3"},
    "/v1/text-to-speech/ann": {"text": "hello", "model_id": "tts-3"},
    "/v1/videos": FILM,
    "/v1/videos/stream": FILM,
    "/v2/generate": {"model": "x", "input": [{"type": "image", "url": FACE}, {"type": "audio", "url": SOUND}]},
}


def client_for(engine: StubEngine, **team: Any) -> Any:
    """A client of a team that may not do everything."""
    engine.routes = ROUTES
    engine.providers = {name: Speaker(name, Settings(), httpx.AsyncClient()) for name in ("one", "two")}
    settings = RouterSettings(providers={}, routes=ROUTES, teams=(Team(name="ads", **team),))
    wall = Wall()
    voices = {"narrator": {"one": "ann", "two": "bob"}, "other": {"two": "bob"}}
    return client_of(engine, admission=Admission(settings, LocalCounters(wall), wall), voices=voices)


def named(client: TestClient[Litestar], path: str, headers: dict[str, str] | None = None) -> list[str]:
    told = client.get(path, headers=headers).json()
    every = told if isinstance(told, list) else told.get("data", told.get("voices"))
    return [one.get("id") or one.get("model_id") or one.get("voice_id") or one["provider"] for one in every]


@pytest.mark.parametrize(
    ("team", "models", "voices", "offers"),
    [
        ({}, ["tts-1", "tts-2", "fast", "tts-3", "slow"], ["narrator", "other", "ann", "bob"], ["one", "two"]),
        ({"routes": ("fast",)}, ["tts-1", "tts-2", "fast"], ["narrator", "ann", "bob"], ["one"]),
        ({"models": ("tts-3", "two/fake-1")}, ["tts-3"], ["narrator", "other", "ann", "bob"], ["one", "two"]),
        ({"models": ("elsewhere",)}, [], [], []),
    ],
)
def test_what_may_not_be_used_is_not_listed(
    team: dict[str, Any], models: list[str], voices: list[str], offers: list[str]
) -> None:
    """Models, voices and offers are those that a team may use, in either dialect."""
    with client_for(StubEngine(), **team) as client:
        assert named(client, "/v1/models") == models
        assert named(client, "/v1/voices") == voices
        assert named(client, "/v1/offers") == offers
        breeze = {"xi-api-key": KEY}
        assert named(client, "/v1/models", breeze) == models
        assert named(client, "/v1/voices", breeze) == voices


@pytest.mark.parametrize("path", [*BODIES, "/v1/explain"])
def test_what_may_not_be_used_is_refused(path: str) -> None:
    """403 in each dialect; nobody is asked, nor is anything explained."""
    engine = StubEngine()
    body = BODIES.get(path) or {"task": "speech", **BODIES["/v1/audio/speech"]}
    with client_for(engine, routes=("fast",)) as client:
        answer = client.post(path, json=body)
    assert answer.status_code == 403
    assert "may not use" in answer.text
    assert (engine.requests, engine.explained) == ([], [])


@pytest.mark.parametrize("path", [one for one in BODIES if "videos/stream" not in one])
def test_limits_are_told_in_each_dialect(path: str) -> None:
    """An answer says how its team's limits stand; one too many is 429 with Retry-After, and counted under its code."""
    engine = StubEngine()
    with client_for(engine, limits=Limits(requests="1/day")) as client:
        first, second = (client.post(path, json=BODIES[path]) for _ in range(2))
    assert first.is_success
    assert first.headers["ratelimit"].startswith('"requests-day";r=0;t=')
    assert second.status_code == 429
    assert (
        second.headers["ratelimit-policy"]
        == first.headers["ratelimit-policy"]
        == '"requests-day";q=1;w=86400;qu="requests"'
    )
    assert second.headers["retry-after"] == second.headers["ratelimit"].partition("t=")[2]
    assert engine.outcomes[-1].outcome == "over_quota"


def test_a_job_that_was_not_made_is_not_counted() -> None:
    """What nobody can make does not use up the team's videos."""
    engine = StubEngine(declined={"one": "too long"})
    with client_for(engine, limits=Limits(video_seconds="60s/day")) as client:
        refused = client.post("/v1/videos", json=FILM)
        engine.declined = {}
        made = client.post("/v1/videos", json=FILM)
    assert (refused.status_code, made.status_code) == (422, 200)
