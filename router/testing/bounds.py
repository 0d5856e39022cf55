"""An offer's limits: that they make sense, and that whatever goes beyond one is declined by its name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from router.contract import (
    AnyOffer,
    AvatarLimits,
    AvatarRequest,
    ChatLimits,
    ChatRequest,
    Inline,
    JobOffer,
    Limits,
    LipSync,
    Message,
    Request,
    Size,
    SpeechLimits,
    SpeechRequest,
    Stretch,
    TranscriptionLimits,
    TranscriptionRequest,
    Upload,
)
from router.testing.account import Account, taking
from router.testing.claims import claim

STRANGE: Final = "zz-nobody"
"""A voice, a language and a type of media that do not exist."""
CLIP: Final = Inline(b"\0", "audio/wav", 0.1)
ASKED: Final[dict[str, Any]] = {
    "guidance_scale": 2.0,
    "instructions": "calmly",
    "language": "en",
    "max_new_tokens": 100,
    "max_tokens": 100,
    "name": "clip",
    "prompt": "names",
    "ref_audio": CLIP,
    "ref_text": "words",
    "seed": 1,
    "speed": 1.0,
    "temperature": 0.5,
    "top_k": 5,
    "top_p": 0.5,
    "words": True,
}
"""A value for each optional field."""
LIP_SYNC: Final[dict[str, Any]] = {
    "sync_mode": "loop",
    "temperature": 0.5,
    "active_speaker_detection": {},
    "occlusion_detection_enabled": True,
    "model_mode": "lips",
    "prompt": "smile",
}
Beyond = Iterator[tuple[Request, str]]
"""Requests that go beyond one limit each, and what the refusal must name."""


async def limits_are_coherent(account: Account) -> None:
    """What the limits list is there, unique and possible."""
    async with account.opened() as provider:
        for offer in provider.offers():
            wrong = "; ".join(incoherent(offer.limits))
            claim(not wrong, f"limits of {offer.accepts.__name__}: {wrong}")


async def samples_fit(account: Account) -> None:
    """Each sample is taken by an offer, and each offer takes a sample."""
    async with account.opened() as provider:
        for sample in account.samples:
            claim(
                taking(provider, sample), f"no offer takes the sample {type(sample).__name__}: {why(provider, sample)}"
            )
        fit = {way(offer) for sample in account.samples for offer in taking(provider, sample)}
        for offer in provider.offers():
            claim(way(offer) in fit, f"no sample fits the offer of {offer.handle.__name__}")


def way(offer: AnyOffer) -> tuple[str, bool]:
    """Return what tells the offers of a provider apart: the task, and whether it is a job."""
    return offer.accepts.__name__, isinstance(offer, JobOffer)


def why(provider: Any, sample: Request) -> str:
    """Say why the offers for it decline a sample."""
    fitting = [offer for offer in provider.offers() if offer.accepts is type(sample)]
    return "; ".join(str(offer.limits.why_not(sample)) for offer in fitting) or "nothing of the kind is offered"


async def limits_are_named(account: Account) -> None:
    """A sample stretched beyond a limit is declined, and the reason names that limit."""
    async with account.opened() as provider:
        for sample in account.samples:
            for offer in taking(provider, sample):
                names_them(offer, sample)


def names_them(offer: AnyOffer, sample: Request) -> None:
    """Claim that an offer declines the sample beyond each limit, naming it."""
    for request, named in beyond(sample, offer.limits):
        said = offer.limits.why_not(request)  # type: ignore[arg-type] # `accepts` says that they match
        claim(said is not None, f"{offer.handle.__name__} takes what goes beyond its limit of {named}")
        claim(named in (said or ""), f"the refusal {said!r} does not name {named}")


def incoherent(limits: Limits) -> Iterator[str]:
    """Yield what makes no sense in the limits."""
    yield from unlisted(limits)
    for name in ("characters", "size", "seconds"):
        number = getattr(limits, name, None)
        if number is not None and number <= 0:
            yield f"{name}: {number}"
    if isinstance(limits, SpeechLimits):
        yield from repeated("voices", [voice.id for voice in limits.voices or ()])
        if not 0 < limits.speed[0] <= 1 <= limits.speed[1]:
            yield f"speed {limits.speed} leaves out the normal one"
    if isinstance(limits, AvatarLimits) and limits.speaks is not None:
        yield from incoherent(limits.speaks)


def unlisted(limits: Limits) -> Iterator[str]:
    """Yield what is wrong with what the limits list."""
    possible = set(limits.OPTIONAL)
    if isinstance(limits, AvatarLimits):
        possible |= {*LipSync.__struct_fields__, "stretches"}
    if unknown := limits.options - possible:
        yield f"options that no request has: {sorted(unknown)}"
    for name in ("formats", "sizes", "faces"):
        listed = getattr(limits, name, None)
        if listed is not None and not listed and name != "sizes":  # none: the film is as large as the face
            yield f"no {name}"
        yield from repeated(name, [str(one) for one in listed or ()])


def repeated(name: str, listed: list[str]) -> Iterator[str]:
    """Yield a complaint if something is listed twice."""
    if len(set(listed)) < len(listed):
        yield f"{name} listed twice"


def beyond(sample: Request, limits: Limits) -> Beyond:
    """Yield the sample gone beyond each limit there is, and what the refusal must name."""
    yield from unheeded(sample, limits)
    if isinstance(sample, SpeechRequest) and isinstance(limits, SpeechLimits):
        yield from beyond_speech(sample, limits)
    if isinstance(sample, TranscriptionRequest) and isinstance(limits, TranscriptionLimits):
        yield from beyond_transcription(sample, limits)
    if isinstance(sample, AvatarRequest) and isinstance(limits, AvatarLimits):
        yield from beyond_avatar(sample, limits)
    if isinstance(sample, ChatRequest) and isinstance(limits, ChatLimits):
        text = "x" * (limits.characters + 1)
        yield changed(sample, messages=(Message("user", text),)), str(limits.characters)


def unheeded(sample: Request, limits: Limits) -> Beyond:
    """Yield the sample with each field set that the offer does not heed."""
    for name in sorted(limits.OPTIONAL - limits.options):
        languages = getattr(limits, "languages", None)
        value = min(languages) if name == "language" and languages else ASKED[name]
        yield changed(sample, **{name: value}), name


def beyond_speech(sample: SpeechRequest, limits: SpeechLimits) -> Beyond:
    """Yield what is too long, too fast, too large or strange."""
    yield changed(sample, text="x" * (limits.characters + 1)), str(limits.characters)
    if limits.voices is not None:
        yield changed(sample, voice=STRANGE), STRANGE
    if limits.languages is not None:
        yield changed(sample, language=STRANGE), STRANGE
    if "speed" in limits.options:
        slow, fast = limits.speed
        yield changed(sample, speed=slow / 2), str(slow)
        yield changed(sample, speed=fast * 2), str(fast)
    if "ref_audio" in limits.options:
        yield changed(sample, ref_audio=large(limits.size, "audio/wav")), str(limits.size)


def beyond_transcription(sample: TranscriptionRequest, limits: TranscriptionLimits) -> Beyond:
    """Yield what is too large, too long, too fine-grained or strange."""
    yield changed(sample, audio=large(limits.size, "audio/wav")), str(limits.size)
    if limits.seconds is not None:
        yield changed(sample, audio=Inline(b"\0", "audio/wav", limits.seconds + 1)), f"{limits.seconds:g}"
    if limits.languages is not None:
        yield changed(sample, language=STRANGE), STRANGE
    for grain in ("words", "segments"):
        if not getattr(limits, grain):
            yield changed(sample, **{grain: True}), grain.removesuffix("s")


def beyond_avatar(sample: AvatarRequest, limits: AvatarLimits) -> Beyond:
    """Yield what is too large, too long, of a strange type, or cut up where that cannot be."""
    for size in set(Size) - set(limits.sizes):
        yield changed(sample, size=size), size.value
    yield changed(sample, face=Inline(b"\0", "text/plain")), "text/plain"
    yield changed(sample, face=large(limits.size, min(limits.faces))), str(limits.size)
    yield changed(sample, voice=large(limits.size, "audio/wav")), str(limits.size)
    if limits.seconds is not None:
        yield changed(sample, voice=Inline(b"\0", "audio/wav", limits.seconds + 1)), f"{limits.seconds:g}"
    if "stretches" not in limits.options:
        yield changed(sample, stretches=(Stretch(start=0.0, end=1.0, voice=CLIP),)), "part of a face"
    for name in sorted(set(LIP_SYNC) - limits.options):
        yield changed(sample, lip_sync=LipSync(**{name: LIP_SYNC[name]})), name


def large(size: int, media_type: str) -> Upload:
    """Return media one byte too large; limits look at no file."""
    return Upload(Path("/nowhere"), size + 1, media_type)


def changed(sample: Any, **fields: Any) -> Any:
    """Return the sample with other fields."""
    return msgspec.structs.replace(sample, **fields)
