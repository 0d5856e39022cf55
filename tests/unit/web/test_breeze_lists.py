from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from router.contract import AnyOffer, AudioFormat, Offer, Provider, Settings, Speech, SpeechLimits, SpeechRequest, Task
from router.contract import Voice as Known
from router.engine.settings import Route, Target, Tier
from tests.unit.web.making import KEY, StubEngine, client_of

VOICES = (
    Known(id="ann", name="Ann", languages=("en-gb", "en"), gender="female"),
    Known(id="bob", name="Bob", languages=("de",), gender="male"),
    Known(id="cee", name="Cee"),
)


class Speaker(Provider[Settings]):
    """Offers speech with three voices."""

    kind = "fake"
    settings_type = Settings

    def offers(self) -> Sequence[AnyOffer]:
        limits = SpeechLimits(
            formats=(AudioFormat.PCM,), characters=100, voices=VOICES, languages=frozenset({"en", "de"})
        )
        return (Offer(SpeechRequest, self.speak, limits),)

    async def speak(self, request: SpeechRequest) -> Speech:
        raise AssertionError("only looked at")


def route(name: str, task: Task, *models: str) -> Route:
    return Route(name=name, task=task, tiers=(Tier(targets=(Target(provider="one"),)),), models=models)


def asked(path: str, **query: Any) -> httpx.Response:
    engine = StubEngine(
        routes=(route("fast", Task.SPEECH, "bluebell-v1-en"), route("hear", Task.TRANSCRIPTION, "whisper-1")),
        providers={"one": Speaker("one", Settings(), httpx.AsyncClient())},
    )
    with client_of(engine, voices={"narrator": {"one": "ann"}}) as client:
        del client.headers["authorization"]
        return client.get(path, params=query, headers={"xi-api-key": KEY})


def test_a_list_of_voices() -> None:
    """Callers with Breeze's header get Breeze's shape: the router's own voices, then the providers'."""
    answer = asked("/v1/voices")
    assert answer.headers["x-request-id"] == "req_1"
    listed = answer.json()
    assert [voice["voice_id"] for voice in listed["voices"]] == ["narrator", "ann", "bob", "cee"]
    assert (listed["has_more"], listed["total"], listed["page"], listed["page_size"]) == (False, 4, 1, 50)
    assert listed["voices"][1] == {
        "voice_id": "ann", "name": "Ann", "language_code": "en-gb", "gender": "female", "age": None, "tone": [],
        "accent": None, "voice_type": "default",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "AN"}, ["ann"]),
        ({"gender": "male"}, ["bob"]),
        ({"language_code": "en"}, ["narrator", "ann", "cee"]),
        ({"language_code": "de", "gender": "male"}, ["bob"]),
        ({"page_size": 3}, ["narrator", "ann", "bob"]),
        ({"page_size": 3, "page": 2}, ["cee"]),
        ({"page": 9}, []),
        ({"voice_type": "all", "sort": "created_at_unix", "sort_direction": "desc"}, ["narrator", "ann", "bob", "cee"]),
    ],
)
def test_which_voices(query: dict[str, Any], found: list[str]) -> None:
    """Voices are found by name, gender and language, page by page; a voice without languages speaks any."""
    listed = asked("/v1/voices", **query).json()
    assert [voice["voice_id"] for voice in listed["voices"]] == found
    assert listed["has_more"] == (query == {"page_size": 3})


@pytest.mark.parametrize(
    ("query", "code", "told"),
    [
        ({"page": 0}, "out_of_range", ">= 1"),
        ({"page_size": 101}, "out_of_range", "<= 100"),
        ({"page_size": "many"}, "wrong_type", "`page_size`"),
        ({"gender": "robot"}, "invalid_value", "female, male, neutral"),
        ({"sort": "trend"}, "invalid_value", "created_at_unix"),
        ({"voice_type": "personal"}, "invalid_value", "all, default"),
        ({"tone": "warm"}, "unsupported_field", "no tones are known"),
        ({"next_page_token": "x"}, "unsupported_field", "pages are numbered"),
        ({"colour": "x"}, "unknown_field", "`colour`"),
    ],
)
def test_queries_that_must_be_refused(query: dict[str, Any], code: str, told: str) -> None:
    """What the router cannot look for is refused in Breeze's envelope, never ignored."""
    answer = asked("/v1/voices", **query)
    error = answer.json()
    assert (answer.status_code, error["code"], error["meta"]["code"]) == (422, "VALIDATION_ERROR", code)
    assert told in error["detail"]


def test_models() -> None:
    """Models are the names that speech routes answer to, with the languages their providers name."""
    languages = [{"language_id": "de", "name": "de"}, {"language_id": "en", "name": "en"}]
    assert asked("/v1/models").json() == [
        {"model_id": name, "name": name, "languages": languages, "description": "served by route fast"}
        for name in ("bluebell-v1-en", "fast")
    ]
