"""Teams, what they ask for, and what becomes of it."""

from typing import Any

from router.contract import Attempt, AvatarRequest, Charge, Inline, Outcome, SpeechRequest, Task, TranscriptionRequest
from router.engine.settings import Limits, Route, RouterSettings, Storage, Target, Team, Tier, WhenAway
from router.engine.settings.prices import Price, Prices
from router.store.counters import Claim, Count, Counters, CountersUnavailable, Ending, LocalCounters
from router.teams.reserve import Admission

NOW = 1_799_999_970.0
"""Half a minute before a minute, an hour begins: 2027-01-15 07:59:30 UTC."""
PICTURE = Inline(b"png", "image/png")


def route(name: str, task: Task, *models: str, targets: tuple[str, ...] = ("local",)) -> Route:
    tiers = (Tier(targets=tuple(Target(provider=one) for one in targets)),)
    return Route(name=name, task=task, tiers=tiers, models=models)


ROUTES = (
    route("speech", Task.SPEECH, "tts-1", "tts-2", targets=("cheap", "dear")),
    route("solemn", Task.SPEECH, "tts-3"),
    route("hear", Task.TRANSCRIPTION, "whisper"),
    route("faces", Task.AVATAR, "face-1"),
)
PRICES = Prices(
    targets={"cheap": Price(per_million_characters=1_000_000), "dear": Price(per_million_characters=2_000_000)}
)


def settings(*teams: Team, prices: Prices = PRICES, fail: WhenAway = WhenAway.CLOSED) -> RouterSettings:
    return RouterSettings(providers={}, routes=ROUTES, teams=teams, prices=prices, storage=Storage(limits_fail=fail))


class Wall:
    """Unix time that moves when told."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


class Moody(LocalCounters):
    """Counters that can be away; `asked` says whether they take claims all the same. They keep every end."""

    def __init__(self) -> None:
        super().__init__(Wall())
        self.asked = False
        self.ends: list[Ending] = []

    async def claim(self, claim: Claim) -> Count:
        if not self.there:
            raise CountersUnavailable("away", asked=self.asked)
        return await super().claim(claim)

    def end(self, ending: Ending) -> None:
        self.ends.append(ending)
        super().end(ending)


def door(limits: Limits, wall: Wall | None = None, counters: Counters | None = None, **rest: Any) -> Admission:
    """Return the door for a team `ads` with these limits."""
    wall = wall or Wall()
    return Admission(settings(Team(name="ads", limits=limits), **rest), counters or LocalCounters(wall), wall)


def speech(text: str = "hello", model: str | None = None) -> SpeechRequest:
    return SpeechRequest(text=text, model=model)


def recording(seconds: float | None, size: int = 16_000) -> TranscriptionRequest:
    return TranscriptionRequest(audio=Inline(bytes(size), "audio/wav", seconds))


def film(voice: Any, model: str | None = None) -> AvatarRequest:
    return AvatarRequest(face=PICTURE, voice=voice, model=model)


def outcome(
    outcome: str = "ok", *, attempts: int = 1, cost: int = 0, video: float = 0.0, cache: str | None = None
) -> Outcome:
    """Return how a request ended, after so many attempts, of which one cost something."""
    attempt = Attempt(
        request_id="r", task=Task.SPEECH, route="speech", target="local", provider="local", kind="k", model="",
        team="ads", number=1, started=0.0, seconds=1.0, outcome=outcome,
    )  # fmt: skip
    charge = Charge(task=Task.SPEECH, provider="local", target="local", outcome=outcome, cost=cost)
    return Outcome(
        request_id="r", task=Task.SPEECH, route="speech", team="ads", outcome=outcome, status=200, seconds=1.0,
        attempts=(attempt,) * attempts, video_seconds=video, charges=(charge,), cache=cache, served=attempt if attempts and outcome == "ok" else None,
    )  # fmt: skip
