"""Films with a text: refused before they are begun where nobody could speak it."""

from itertools import count
from typing import Any

import pytest

from router.contract import AudioFormat, AvatarRequest, NotFound, SpeechLimits, SpeechRequest, Task, Unsupported
from router.jobs import Ask, Jobs, Kept
from router.testing.clock import FakeClock
from router.testing.stores import MemoryMedia, MemoryRows
from tests.unit.engine.making import SPEAKS_PCM
from tests.unit.engine.stage import FACE, SOUND, Stage, route, staged

FILMS = route(Task.AVATAR, "a")
TERSE = SpeechLimits(formats=(AudioFormat.PCM,), characters=3)
CHOOSY = SpeechLimits(formats=(AudioFormat.PCM,), characters=100, voices=())


def film(text: str = "hello", **fields: Any) -> AvatarRequest:
    return AvatarRequest(face=FACE, voice=SpeechRequest(text=text, **fields))


def declined(stage: Stage, request: AvatarRequest) -> str | None:
    return stage.engine.explain(Task.AVATAR, request).declined.get("a")


async def test_a_text_without_a_route_for_speech() -> None:
    """The provider animates sound only, and nobody could speak the text: the reason names both."""
    async with staged(FILMS) as stage:
        assert declined(stage, film()) == "does not speak this text itself, and no route is configured for speech"


async def test_sound_needs_no_route_for_speech() -> None:
    """Nothing is to be spoken."""
    async with staged(FILMS) as stage:
        explained = stage.engine.explain(Task.AVATAR, AvatarRequest(face=FACE, voice=SOUND))
        assert ([one.target for one in explained.targets], explained.declined) == (["a"], {})


async def test_a_text_that_a_route_speaks() -> None:
    """Where anybody on the speech route takes it, it is spoken there."""
    async with staged(FILMS, route(Task.SPEECH, "bc"), limits=SPEAKS_PCM) as stage:
        assert declined(stage, film()) is None


@pytest.mark.parametrize(
    ("limits", "fields", "why"),
    [
        (TERSE, {}, "no provider of route 'speech-route' can serve this: b takes at most 3 characters, not 5"),
        (CHOOSY, {"voice": "ghost"}, "no provider of route 'speech-route' has a voice 'ghost'"),
    ],
    ids=["too long", "unknown voice"],
)
async def test_a_text_that_no_route_speaks(limits: SpeechLimits, fields: dict[str, str], why: str) -> None:
    """Its speech route would refuse it later, so the film is refused now, with that reason."""
    async with staged(FILMS, route(Task.SPEECH, "b"), limits=limits) as stage:
        told = declined(stage, film(**fields))
        assert told is not None
        assert told.startswith(f"does not speak this text itself, and {why}")


async def test_a_model_that_does_not_exist() -> None:
    """Whoever names a model to speak with is told that there is none, by whichever provider the film would be made."""
    async with staged(FILMS, route(Task.SPEECH, "b")) as stage:
        with pytest.raises(NotFound, match="no route for speech serves the model 'nobody'"):
            await stage.serve(film(model="nobody"), Task.AVATAR)


async def test_no_job_is_made_of_it() -> None:
    """It is refused as unsupported at its creation, by what is missing; nothing is kept of it."""
    async with staged(FILMS) as stage:
        rows, media, ids = MemoryRows(), MemoryMedia(), count(1)
        jobs = Jobs(lambda: stage.engine, Kept(rows, media), FakeClock(), lambda: f"video_{next(ids)}")
        with pytest.raises(Unsupported, match="no route is configured for speech"):
            await jobs.create(film(), Ask("ads", "req_1", "a-model"))
        assert (rows.rows, media.kept) == ({}, {})


async def test_a_live_film_is_refused_before_anybody_is_asked() -> None:
    """So is one that streams; the provider hears nothing."""
    async with staged(FILMS) as stage:
        with pytest.raises(Unsupported, match="no route is configured for speech"):
            await stage.serve(film(), Task.AVATAR)
        assert stage.of("a").asked == []
