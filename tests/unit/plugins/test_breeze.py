from pathlib import Path
from typing import Any

import msgspec
import pytest

from plugins.breeze import FORMATS, MEANINGS, MODELS, Breeze, BreezeLimits, BreezeSettings
from router.contract import AudioFormat, BadOutput, Offer, SpeechRequest
from router.engine import transport
from router.media import CONTENT_TYPES
from router.testing.acts import Reply
from router.testing.vendor import Vendor

GOLDEN = Path(__file__).parents[2] / "golden" / "breeze"
ACCOUNT = {"api_key": "brz_test", "voice": "voc_mine"}
TEXT = SpeechRequest(text="Hello.", format=AudioFormat.PCM)


def settings(**other: Any) -> BreezeSettings:
    return msgspec.convert(ACCOUNT | other, BreezeSettings)


async def offered(**other: Any) -> tuple[Offer[Any, Any, Any], BreezeLimits]:
    async with transport.client(5.0) as client:
        (offer,) = Breeze("breeze", settings(**other), client).offers()
    assert isinstance(offer.limits, BreezeLimits)
    return offer, offer.limits


async def test_the_offer() -> None:
    """It offers speech by either model, in two formats, by whatever voice is asked for."""
    offer, limits = await offered()

    assert (offer.accepts, offer.models, limits.formats) == (SpeechRequest, MODELS, FORMATS)
    assert limits.voices is None
    assert msgspec.to_builtins(limits)["guidance_scale"] == (1.0, 10.0)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"guidance_scale": 1.0, "instructions": "softly", "language": "en", "voice": "voc_other"}, None),
        ({"guidance_scale": 10.0}, None),
        ({"guidance_scale": 0.9}, "takes a guidance_scale of 1 to 10, not 0.9"),
        ({"guidance_scale": 10.5}, "takes a guidance_scale of 1 to 10, not 10.5"),
        ({"text": "a" * 1000}, None),
        ({"text": "a" * 1001}, "takes at most 1000 characters, not 1001"),
        ({"speed": 1.2}, "does not take `speed`"),
        ({"seed": 7}, "does not take `seed`"),
        ({"words": True}, "does not take `words`"),
    ],
)
async def test_what_it_declines(fields: dict[str, Any], reason: str | None) -> None:
    """What Breeze would refuse or has no field for is declined beforehand, with the reason."""
    _, limits = await offered()

    assert limits.why_not(msgspec.structs.replace(TEXT, **fields)) == reason


async def test_the_length_is_a_setting() -> None:
    """Breeze publishes no limit, so the one that is assumed can be changed."""
    _, limits = await offered(characters=5)

    assert limits.why_not(TEXT) == "takes at most 5 characters, not 6"


@pytest.mark.parametrize(
    "wrong",
    [{"voice": None}, {"voice": ""}, {"characters": 0}, {"api_key": "two words"}, {"base_url": "api.breeze.blue"}],
)
def test_settings_that_could_not_work(wrong: dict[str, Any]) -> None:
    """A voice is a must, since the path needs one; nothing that could never work is accepted."""
    with pytest.raises(msgspec.ValidationError):
        settings(**wrong)


def test_a_voice_must_be_named() -> None:
    """An account without a voice is refused when the configuration is read."""
    with pytest.raises(msgspec.ValidationError, match="missing required field `voice`"):
        msgspec.convert({"api_key": "brz_test"}, BreezeSettings)


def test_each_error_code_has_a_golden_case() -> None:
    """No meaning of an error code goes untested."""
    cases = {one.name.removeprefix("error_").upper() for one in GOLDEN.glob("error_*")}

    assert cases == set(MEANINGS)


@pytest.mark.parametrize("wanted", FORMATS)
async def test_audio_comes_as_it_is_spoken(wanted: AudioFormat) -> None:
    """The first piece is there while Breeze still speaks, and a caller who leaves ends the request."""
    speaking = Reply((b"first", b"second"), content_type=CONTENT_TYPES[wanted], chunked=True, pause=3600)
    async with Vendor(speaking) as vendor, transport.client(5.0) as client:
        speech = await Breeze("breeze", settings(base_url=vendor.url), client).speak(
            msgspec.structs.replace(TEXT, format=wanted)
        )
        assert await anext(aiter(speech.chunks)) == b"first"
        await speech.chunks.aclose()
        await vendor.asked[0].over.wait()

        assert vendor.asked[0].abandoned


async def test_audio_that_is_of_no_use_is_not_waited_for() -> None:
    """An answer in the wrong format gives its connection back at once, unread."""
    speaking = Reply((b"first", b"second"), content_type="audio/wav", chunked=True, pause=3600)
    async with Vendor(speaking) as vendor, transport.client(5.0) as client:
        with pytest.raises(BadOutput, match="answered with audio/wav"):
            await Breeze("breeze", settings(base_url=vendor.url), client).speak(TEXT)
        await vendor.asked[0].over.wait()

        assert vendor.asked[0].abandoned
