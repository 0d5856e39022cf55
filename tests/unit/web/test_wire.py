import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.contract import Invalid
from router.web.intake import FACE, REFERENCE, Intake
from router.web.speech import SpeechBody
from router.web.transcriptions import TranscriptionForm
from router.web.videos import VideoBody
from router.web.wire import convert, decode
from tests.unit.web.making import probe_by_head

NAMES = ["input", "voice", "speed", "top_k", "stream", "response_format", "input_tts", "ref_image", "size"]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner)
)


def refused(error: Invalid) -> None:
    assert 400 <= error.status < 500
    assert error.message
    assert len(error.message) < 600


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    """No bytes do more than be refused."""
    with pytest.raises(Invalid) as caught:
        decode(body, SpeechBody)
    refused(caught.value)


@pytest.mark.parametrize("kind", [SpeechBody, VideoBody])
@given(value=ANYTHING)
def test_any_json(kind: Any, value: Any) -> None:
    """Any JSON is either a request or refused with a short message."""
    try:
        decode(json.dumps(value).encode(), kind)
    except Invalid as error:
        refused(error)


@given(st.dictionaries(st.sampled_from(["model", "temperature", "response_format"]) | st.text(), st.text()))
def test_any_form(fields: dict[str, str]) -> None:
    """Any form of text is either a request or refused with a short message."""
    try:
        convert(fields, TranscriptionForm)
    except Invalid as error:
        refused(error)


@given(st.sampled_from(["", "http://", "https://", "data:", "data:;base64,", "http://["]), st.text())
async def test_any_medium(scheme: str, text: str) -> None:
    """Any text in a field of media is either a reference or refused with a short message."""
    for wanted in (FACE, REFERENCE):
        try:
            with Intake(probe_by_head) as intake:
                await intake.take("ref_image", scheme + text, wanted)
        except Invalid as error:
            refused(error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"inpt": "x"}', "unknown field `inpt`; did you mean `input`?"),
        ('{"input": "x", "voice": {"idd": "x"}}', "unknown field `voice.idd`; did you mean `id`?"),
        ('{"input": "x", "top_k": 1.5}', "`top_k` must be int or null, not float"),
        ('{"input": "x", "speed": 1e999}', "`speed`: Number out of range"),
        ('{"input": "x", "response_format": "mp4"}', "`response_format` must be one of mp3, opus, aac, flac, wav, pcm, not 'mp4'"),
    ],
)  # fmt: skip
def test_what_is_said(body: str, message: str) -> None:
    """A refusal names the field, and where it can, the remedy."""
    with pytest.raises(Invalid) as caught:
        decode(body.encode(), SpeechBody)
    assert caught.value.message == message
