from collections.abc import Mapping
from pathlib import Path

from router.contract import (
    AnyOffer,
    AudioFormat,
    Offer,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Task,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
    Voice,
)
from router.engine.settings import load, unoffered
from tests.config.kinds import zoo

TEXT = """\
providers: {{a: {{kind: echo}}, b: {{kind: echo}}, c: {{kind: echo}}, d: {{kind: echo}}}}
routes:
  - {{name: r, task: speech, tiers: {tiers}}}
voices: {voices}
"""


async def speak(request: SpeechRequest) -> Speech:
    raise NotImplementedError(request)


async def transcribe(request: TranscriptionRequest) -> Transcript:
    raise NotImplementedError(request)


def speech(voices: tuple[Voice, ...] | None) -> AnyOffer:
    limits = SpeechLimits(formats=(AudioFormat.PCM,), characters=100, voices=voices)
    return Offer(SpeechRequest, speak, limits, ("tts-1", "tts-2"))


OFFERS: Mapping[tuple[str, Task], AnyOffer] = {
    ("a", Task.SPEECH): speech((Voice(id="eleanor", name="Eleanor"),)),
    ("b", Task.TRANSCRIPTION): Offer(TranscriptionRequest, transcribe, TranscriptionLimits()),
    ("c", Task.SPEECH): speech(None),
}


def told(folder: Path, tiers: str, voices: str = "{}") -> list[str]:
    path = folder / "t.yaml"
    path.write_text(TEXT.format(tiers=tiers, voices=voices))
    return [str(problem).removeprefix(f"{path}:") for problem in unoffered(load(path, zoo(), {}), OFFERS)]


def test_targets_that_offer_the_task_and_model_are_fine(tmp_path: Path) -> None:
    """A target may name one of the offer's models, or leave the choice to the provider."""
    assert told(tmp_path, "[a, {targets: [{provider: a, model: tts-2}, c]}]") == []


def test_a_target_must_offer_the_routes_task(tmp_path: Path) -> None:
    """The place is the target's, and the hint is what the provider does offer."""
    assert told(tmp_path, "[b, d]") == [
        "3:37: routes[0].tiers[0].targets[0].provider: provider 'b' offers no speech; it offers transcription",
        "3:40: routes[0].tiers[1].targets[0].provider: provider 'd' offers no speech; it offers nothing",
    ]


def test_a_targets_model_must_be_one_of_the_offers(tmp_path: Path) -> None:
    """A misspelt model is found before the vendor refuses it."""
    assert told(tmp_path, "[{targets: [{provider: a, model: tts}]}]") == [
        "3:69: routes[0].tiers[0].targets[0].model: provider 'a' has no model 'tts' for speech; did you mean 'tts-2'?"
    ]


def test_mapped_voices_must_exist_where_voices_are_listed(tmp_path: Path) -> None:
    """A provider that takes any voice is believed; one that lists its voices, or has none, is not."""
    assert told(tmp_path, "[a]", "{one: {a: eleonor, b: x, c: y}, two: {a: zzz}}") == [
        "4:16: voices.one.a: provider 'a' has no voice 'eleonor'; did you mean 'eleanor'?",
        "4:28: voices.one.b: provider 'b' offers no speech, so it has no voices",
        "4:47: voices.two.a: provider 'a' has no voice 'zzz'; `media-router offers --json` lists them",
    ]


def test_a_price_for_a_model_that_is_not_there(tmp_path: Path) -> None:
    """A price is of a model that its provider has, whatever the task; one without models takes any."""
    path = tmp_path / "t.yaml"
    prices = "prices: {targets: {a/tts-1: {}, a/tts-3: {}, b/whisper: {}, b: {}}}"
    path.write_text(f"{TEXT.format(tiers='[a]', voices='{}')}{prices}\n")
    problems = unoffered(load(path, zoo(), {}), OFFERS)
    assert [str(one).partition("t.yaml:")[2] for one in problems] == [
        "5:33: prices.targets.a/tts-3: provider 'a' has no model 'tts-3'; did you mean 'tts-2'?"
    ]
