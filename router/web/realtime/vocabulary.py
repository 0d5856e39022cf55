"""What the two generations of the Realtime API call the same things.

Clients of the first say so with `OpenAI-Beta: realtime=v1`, or in a browser with a subprotocol. The names are those of
the `openai` package: `openai.types.realtime` for the present one, `openai.types.beta.realtime` for the first.
"""

from typing import Final

import msgspec

HEADER: Final = "openai-beta"
VALUE: Final = "realtime=v1"
PROTOCOL: Final = "openai-beta.realtime-v1"


class Vocabulary(msgspec.Struct, frozen=True):
    """Names of a reply's sound, its transcript and its text in events and content parts, and of items that come and are done."""

    audio: str
    transcript: str
    text: str
    modalities: str
    added: str
    done: str | None
    beta: bool


PRESENT: Final = Vocabulary(
    audio="output_audio",
    transcript="output_audio_transcript",
    text="output_text",
    modalities="output_modalities",
    added="conversation.item.added",
    done="conversation.item.done",
    beta=False,
)
BETA: Final = Vocabulary(
    audio="audio",
    transcript="audio_transcript",
    text="text",
    modalities="modalities",
    added="conversation.item.created",
    done=None,
    beta=True,
)
