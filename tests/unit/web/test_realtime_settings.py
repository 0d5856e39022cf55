from typing import Any

import msgspec
import pytest

from router.contract import Invalid
from router.web.realtime.beta import BetaResponse, BetaSession
from router.web.realtime.settings import Detection, Modality, Settings, Transcription, as_beta, as_present
from router.web.realtime.updates import PresentResponse, PresentSession

NEW = Settings(model="gpt-realtime", default_instructions="Be brief.", default_voice="cedar")


def present(old: Settings = NEW, **wish: Any) -> Settings:
    return msgspec.convert(wish, PresentSession).onto(old)


def beta(old: Settings = NEW, **wish: Any) -> Settings:
    return msgspec.convert(wish, BetaSession).onto(old)


def test_both_generations_say_the_same() -> None:
    """What one says flat the other says in branches."""
    sound = {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "whisper-1", "language": "en"},
            "turn_detection": {"type": "server_vad", "threshold": 0.3, "silence_duration_ms": 200},
        },
        "output": {"voice": "nova"},
    }
    one = present(type="realtime", instructions="Sing.", output_modalities=["text"], max_output_tokens=9, audio=sound)
    other = beta(
        instructions="Sing.",
        modalities=["text"],
        max_response_output_tokens=9,
        voice="nova",
        input_audio_format="pcm16",
        input_audio_transcription={"model": "whisper-1", "language": "en"},
        turn_detection={"type": "server_vad", "threshold": 0.3, "silence_duration_ms": 200},
    )

    assert one == other
    assert one.detection == Detection(threshold=0.3, silence_duration_ms=200)
    assert one.changes() == {
        "prompt": "Sing.",
        "voice": "nova",
        "max_tokens": 9,
        "transcription": "whisper-1",
        "language": "en",
    }


def test_what_is_not_said_stays() -> None:
    """An update changes the fields that are there; null takes away, an empty text leaves the scenario's."""
    old = present(
        instructions="Sing.",
        audio={"input": {"turn_detection": {"threshold": 0.9}, "transcription": {"model": "whisper-1"}}},
    )
    again = present(
        old, audio={"input": {"turn_detection": {"silence_duration_ms": 900}, "transcription": {"language": "de"}}}
    )
    bare = present(again, instructions="", audio={"input": {"turn_detection": None, "transcription": None}})

    assert present(old) == old
    assert again.detection == Detection(threshold=0.9, silence_duration_ms=900)
    assert again.transcription == Transcription(model="whisper-1", language="de")
    assert bare == msgspec.structs.replace(NEW, detection=None)
    assert as_present(bare)["instructions"] == as_beta(bare)["instructions"] == "Be brief."


def test_what_a_session_shows_can_be_sent_back() -> None:
    """Clients that read the session, change it and send it all back are understood, but for what only the router may say."""
    old = present(output_modalities=["text"], max_output_tokens=5)
    shown = {name: value for name, value in as_present(old).items() if name != "object"}
    flat = {name: value for name, value in as_beta(NEW).items() if name != "object" and value is not None}

    assert present(old, **shown) == msgspec.structs.replace(old, instructions="Be brief.", voice="cedar")
    assert beta(**flat).modality is Modality.AUDIO


def test_one_response_may_differ() -> None:
    """What is wished for one response leaves the session alone, and is the same in both generations."""
    one = msgspec.convert({"instructions": "Shout.", "output_modalities": ["text"]}, PresentResponse).onto(NEW)
    other = msgspec.convert({"instructions": "Shout.", "modalities": ["text"], "temperature": 0.0}, BetaResponse).onto(
        NEW
    )

    assert one == msgspec.structs.replace(other, temperature=None)
    assert other.changes()["temperature"] == 0.0
    assert msgspec.convert({"max_output_tokens": "inf"}, PresentResponse).onto(one).most is None


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"model": "other"}, "session.model"),
        ({"output_modalities": ["audio", "text"]}, "session.output_modalities"),
        ({"max_output_tokens": "many"}, "session.max_output_tokens"),
    ],
)
def test_what_cannot_be_had(wish: dict[str, Any], param: str) -> None:
    """It is refused by the name of its field."""
    with pytest.raises(Invalid) as refused:
        present(**wish)
    assert refused.value.param == param


def test_a_voice_by_its_id() -> None:
    """Both spellings mean the same voice."""
    assert present(audio={"output": {"voice": {"id": "nova"}}}) == present(audio={"output": {"voice": "nova"}})
