from collections import Counter
from random import Random

import pytest

from router.contract import (
    AnyOffer,
    AudioFormat,
    NotFound,
    Offer,
    SpeechLimits,
    SpeechRequest,
    Task,
    Unsupported,
    Voice,
)
from router.engine.health import Health
from router.engine.policy import Field, choose
from router.engine.settings import Pick, Route, Target, Tier
from router.engine.slots import Patience
from tests.unit.engine.making import silence

TINY = SpeechLimits(formats=(AudioFormat.PCM,), characters=3)
LARGE = SpeechLimits(formats=(AudioFormat.PCM,), characters=1000)
NORA = SpeechLimits(formats=(AudioFormat.PCM,), characters=1000, voices=(Voice(id="nora", name="Nora"),))


def field(voices: dict[str, dict[str, str]] | None = None, **limits: SpeechLimits) -> Field:
    offers: dict[tuple[str, Task], AnyOffer] = {
        (name, Task.SPEECH): Offer(SpeechRequest, silence, one, ("first", "second")) for name, one in limits.items()
    }
    return Field(offers, dict.fromkeys(limits, "fake"), voices or {}, Health(Random(1)), Random(1))


def route(*tiers: str, pick: Pick = Pick.WEIGHTED) -> Route:
    made = tuple(Tier(targets=tuple(Target(provider=name) for name in tier.split()), pick=pick) for tier in tiers)
    return Route(name="r", task=Task.SPEECH, tiers=made)


def chosen(request: SpeechRequest, route: Route, field: Field) -> list[str]:
    return [one.provider for one in choose(request, route, field).candidates]


HELLO = SpeechRequest(text="hello")


def test_tiers_in_order() -> None:
    """Every target of a tier comes before any of the next."""
    found = chosen(HELLO, route("c", "a b"), field(a=LARGE, b=LARGE, c=LARGE))
    assert found[0] == "c"
    assert set(found[1:]) == {"a", "b"}


@pytest.mark.parametrize(("asked", "native"), [(AudioFormat.MP3, AudioFormat.MP3), (AudioFormat.OPUS, AudioFormat.PCM)])
def test_the_format_asked_upstream(asked: AudioFormat, native: AudioFormat) -> None:
    """A provider is asked for the caller's format if it has it, else for its best, and never for none."""
    both = SpeechLimits(formats=(AudioFormat.PCM, AudioFormat.MP3), characters=10)
    (candidate,) = choose(SpeechRequest(text="hi", format=asked), route("a"), field(a=both)).candidates
    assert isinstance(candidate.request, SpeechRequest)
    assert candidate.request.format is native


def test_a_target_that_declines() -> None:
    """It drops out with its reason; the others stay."""
    choice = choose(HELLO, route("a", "b"), field(a=TINY, b=LARGE))
    assert [one.provider for one in choice.candidates] == ["b"]
    assert choice.declined == {"a": "takes at most 3 characters, not 5"}


def test_all_decline() -> None:
    """The caller learns each target's reason."""
    with pytest.raises(Unsupported, match="a takes at most 3 characters") as caught:
        chosen(HELLO, route("a", "b"), field(a=TINY))
    assert caught.value.reasons == {"a": "takes at most 3 characters, not 5", "b": "offers no speech"}


@pytest.mark.parametrize("voices", [{}, {"ghost": {}}])
def test_a_voice_nobody_has(voices: dict[str, dict[str, str]]) -> None:
    """An unknown voice is named as what is wrong, not as a lack of providers."""
    with pytest.raises(NotFound) as caught:
        chosen(SpeechRequest(text="hi", voice="ghost"), route("a"), field(voices, a=NORA))
    assert (caught.value.code, caught.value.param) == ("voice_not_found", "voice")


def test_a_logical_voice() -> None:
    """It becomes each provider's own voice, and leaves out those it is not mapped for."""
    voices = {"narrator": {"a": "nora"}}
    choice = choose(SpeechRequest(text="hi", voice="narrator"), route("a b"), field(voices, a=NORA, b=LARGE))
    assert [(one.provider, one.request.voice) for one in choice.candidates] == [("a", "nora")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("target", "asked", "model"),
    [(None, None, "first"), (None, "second", "second"), (None, "tts-1", "first"), ("own", "second", "own")],
)
def test_the_model_asked_for_there(target: str | None, asked: str | None, model: str) -> None:
    """The route's model wins, then the caller's if the vendor has it, then the vendor's first; never an alias."""
    there = Route(name="r", task=Task.SPEECH, tiers=(Tier(targets=(Target(provider="a", model=target),)),))
    (one,) = choose(SpeechRequest(text="hi", model=asked), there, field(a=LARGE)).candidates
    assert (one.model, one.target) == (model, f"a/{model}")


def test_weights() -> None:
    """A target with three times the weight comes first three times as often."""
    targets = (Target(provider="a", weight=3.0), Target(provider="b", weight=1.0))
    weighted = Route(name="r", task=Task.SPEECH, tiers=(Tier(targets=targets),))
    ground = field(a=LARGE, b=LARGE)
    firsts = Counter(chosen(HELLO, weighted, ground)[0] for _ in range(4000))
    assert 2.6 < firsts["a"] / firsts["b"] < 3.4


async def test_least_busy() -> None:
    """The one with fewer calls in flight comes first; ties are shared."""
    ground = field(a=LARGE, b=LARGE, c=LARGE)
    await ground.health.of("a", Task.SPEECH).slots.take("ads", Patience(1.0, 60.0))
    firsts = Counter(chosen(HELLO, route("a b c", pick=Pick.LEAST_BUSY), ground)[0] for _ in range(200))
    assert set(firsts) == {"b", "c"}


def test_fastest() -> None:
    """The one with the shortest first byte comes first, after any that was never measured."""
    ground = field(a=LARGE, b=LARGE, c=LARGE)
    ground.health.of("a", Task.SPEECH).saw_first_byte(0.9)
    ground.health.of("b", Task.SPEECH).saw_first_byte(0.1)
    assert chosen(HELLO, route("a b c", pick=Pick.FASTEST), ground) == ["c", "b", "a"]
