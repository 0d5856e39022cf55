import subprocess
import sys
from pathlib import Path

import cv2
import httpx
import msgspec
import numpy as np
import pytest

import plugins.embedded
from plugins.embedded import EmbeddedProvider, EmbeddedSettings
from plugins.embedded.provider import local
from router.contract import (
    AvatarRequest,
    ContentRefused,
    Declined,
    Inline,
    Misconfigured,
    SpeechRequest,
    TranscriptionRequest,
    Upload,
    Url,
)
from tests.unit.plugins.embedded.sound import RATE, wav

in_session = pytest.mark.asyncio(loop_scope="session")
SOUND = Inline(b"sound", "audio/wav")


def test_registered_by_its_hook() -> None:
    """The plugin brings one kind, `embedded`."""
    assert [kind.kind for kind in plugins.embedded.media_providers()] == ["embedded"]


@pytest.mark.parametrize("settings", [{"workers": 0}, {"workers": 65}, {"wrokers": 2}])
def test_settings_are_strict(settings: dict[str, int]) -> None:
    """A number of workers that makes no sense and a misspelt key are refused."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, EmbeddedSettings)


async def test_unknown_default_voice() -> None:
    """A default voice that does not exist is said at the start."""
    async with httpx.AsyncClient() as client:
        provider = EmbeddedProvider("local", EmbeddedSettings(voice="nobody"), client)
        with pytest.raises(Misconfigured, match="no voice 'nobody'"):
            await provider.__aenter__()


@in_session
@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (SpeechRequest(text="x" * 5000), None),
        (SpeechRequest(text="x" * 5001), "takes at most 5000 characters, not 5001"),
        (SpeechRequest(text="x", speed=0.49), "speaks at 0.5 to 4.0 times normal speed, not 0.49"),
        (SpeechRequest(text="x", speed=4.0, language="de", voice="de+f3"), None),
        (SpeechRequest(text="x", instructions="sing"), "does not take `instructions`"),
        (TranscriptionRequest(audio=SOUND, language="en", words=True, segments=True), None),
        (TranscriptionRequest(audio=SOUND, language="fr"), "does not understand fr"),
        (TranscriptionRequest(audio=SOUND, prompt="names"), "does not take `prompt`"),
    ],
)
async def test_what_is_offered(
    embedded: EmbeddedProvider, request_: SpeechRequest | TranscriptionRequest, why: str | None
) -> None:
    """The offers decline what the engines cannot do, and say why."""
    (limits,) = [offer.limits for offer in embedded.offers() if offer.accepts is type(request_)]
    assert limits.why_not(request_) == why  # type: ignore[arg-type] # `accepts` says that they match


@in_session
async def test_portrait_without_a_face(embedded: EmbeddedProvider) -> None:
    """An avatar request reaches the job that draws it, and its refusal comes back."""
    _, png = cv2.imencode(".png", np.full((480, 640, 3), 128, np.uint8))
    face = Inline(png.tobytes(), "image/png")
    clip = await embedded.animate(AvatarRequest(face=face, voice=wav(np.zeros(RATE, np.int16))))
    with pytest.raises(ContentRefused):
        await anext(aiter(clip.chunks))


def test_no_engine_in_the_server() -> None:
    """Registering the plugin imports no engine: they are an extra, and run in worker processes only."""
    script = "import sys, plugins.embedded; print({'cv2', 'pocketsphinx', 'espeakng_loader'} & sys.modules.keys())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"


def test_media_for_a_worker() -> None:
    """Media in memory goes as bytes, spooled media as its path."""
    assert local(SOUND) == b"sound"
    assert local(Upload(Path("spool"), 1, "audio/wav")) == Path("spool")


@pytest.mark.parametrize("media", [Url("http://example.com/a.wav"), SpeechRequest(text="x")])
def test_media_the_router_should_have_seen_to(media: Url | SpeechRequest) -> None:
    """A URL or text that was not fetched or spoken first is a defect of ours."""
    with pytest.raises(Declined):
        local(media)
