"""Conversations: a question is heard, a reply is thought of and spoken, whatever the socket's dialect."""

from router.voice.conversation import Conversation
from router.voice.events import (
    REPLYING,
    Aside,
    Audio,
    AudioBegun,
    AudioEnded,
    Directed,
    Event,
    Failed,
    Heard,
    Interrupted,
    Partial,
    Replied,
    Said,
    Sink,
)
from router.voice.host import Host, Lodging, Talks
from router.voice.outbox import Outbox
from router.voice.recording import Recording
from router.voice.reply import Replying
from router.voice.stages import RATE, Stages
from router.voice.turn import Question, Words

__all__ = [
    "RATE",
    "REPLYING",
    "Aside",
    "Audio",
    "AudioBegun",
    "AudioEnded",
    "Conversation",
    "Directed",
    "Event",
    "Failed",
    "Heard",
    "Host",
    "Interrupted",
    "Lodging",
    "Outbox",
    "Partial",
    "Question",
    "Recording",
    "Replied",
    "Replying",
    "Said",
    "Sink",
    "Stages",
    "Talks",
    "Words",
]
