from collections.abc import Sequence
from typing import Any

import httpx

from router.contract import (
    AnyOffer,
    AudioFormat,
    Offer,
    Provider,
    Settings,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Task,
    Voice,
)
from router.engine.settings import Route, Target, Tier
from tests.unit.web.making import StubEngine, client_of


class Speaker(Provider[Settings]):
    """Offers speech with two voices."""

    kind = "fake"
    settings_type = Settings

    def offers(self) -> Sequence[AnyOffer]:
        voices = (Voice(id="ann", name="Ann", languages=("en",), gender="female"), Voice(id="bob", name="Bob"))
        limits = SpeechLimits(
            formats=(AudioFormat.PCM,), characters=100, voices=voices, languages=frozenset({"en", "de"})
        )
        return (Offer(SpeechRequest, self.speak, limits, ("fake-1",)),)

    async def speak(self, request: SpeechRequest) -> Speech:
        raise AssertionError("only looked at")


def route(name: str, *models: str) -> Route:
    return Route(name=name, task=Task.SPEECH, tiers=(Tier(targets=(Target(provider="one"),)),), models=models)


def listed(path: str, **options: Any) -> Any:
    providers = {name: Speaker(name, Settings(), httpx.AsyncClient()) for name in ("one", "two")}
    engine = StubEngine(routes=(route("fast", "tts-1", "shared"), route("slow", "shared")), providers=providers)
    with client_of(engine, **options) as client:
        answer = client.get(path)
    assert answer.headers["x-request-id"] == "req_1"
    assert answer.json()["object"] == "list"
    return answer.json()["data"]


def test_models() -> None:
    """Models are all names a route answers to, each once, in OpenAI's shape."""
    models = listed("/v1/models")
    assert [(model["id"], model["route"]) for model in models] == [
        ("tts-1", "fast"),
        ("shared", "fast"),
        ("fast", "fast"),
        ("slow", "slow"),
    ]
    assert models[0] == {
        "id": "tts-1", "object": "model", "created": 0, "owned_by": "media-router", "route": "fast", "task": "speech",
    }  # fmt: skip


def test_voices() -> None:
    """Voices are the router's own, then every provider's, with who speaks each."""
    assert listed("/v1/voices", voices={"narrator": {"one": "ann", "two": "bob"}}) == [
        {
            "id": "narrator",
            "name": "narrator",
            "providers": {"one": "ann", "two": "bob"},
            "languages": [],
            "gender": None,
        },
        {
            "id": "ann",
            "name": "Ann",
            "providers": {"one": "ann", "two": "ann"},
            "languages": ["en"],
            "gender": "female",
        },
        {"id": "bob", "name": "Bob", "providers": {"one": "bob", "two": "bob"}, "languages": [], "gender": None},
    ]


def test_offers() -> None:
    """Offers are told with their limits."""
    first, second = listed("/v1/offers")
    assert (first["provider"], first["kind"], first["task"], first["models"]) == ("one", "fake", "speech", ["fake-1"])
    assert (first["limits"]["characters"], first["limits"]["languages"]) == (100, ["de", "en"])
    assert second["provider"] == "two"
