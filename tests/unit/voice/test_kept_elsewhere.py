"""Conversations whose dialect keeps what was said, and asks for a reply when it likes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from router.contract import ChatRequest, Inline, Message, SpeechRequest, TranscriptionRequest, Unavailable
from router.voice import Aside, Failed, Interrupted, Question, Replied
from tests.unit.voice.making import Room

SAID = (Message("user", "hello"), Message("assistant", "Hi."), Message("user", "and now?"))


def words(said: Sequence[Message] = SAID) -> Callable[[], Awaitable[Sequence[Message]]]:
    async def settled() -> Sequence[Message]:
        return said

    return settled


async def test_a_reply_to_what_was_said() -> None:
    """The model is given all of it, after the scenario as the question changes it."""
    room = Room()
    await room.conversation.reply(Question(changes={"prompt": "Be kind."}), words(), spoken=True)
    await room.sink.until(Replied)
    (asked,) = room.engine.of(ChatRequest)

    assert asked.messages[0].content.startswith("Be kind.")
    assert asked.messages[1:] == SAID
    assert [(turn.kind, turn.outcome) for turn in room.turns] == [("spoken", "ok")]
    assert room.turns[0].hearing is not None


async def test_a_reply_that_is_only_written() -> None:
    """Its sentences are told and nobody is asked to speak them."""
    room = Room()
    await room.conversation.reply(Question(aloud=False), words(), spoken=False)
    await room.sink.until(Replied)

    assert room.sink.told() == ["Directed", "Said", "Said", "Replied"]
    assert not room.engine.of(SpeechRequest)
    assert room.turns[0].kind == "typed"


async def test_words_that_do_not_come() -> None:
    """What became of them ends the turn."""
    room = Room()

    async def lost() -> Sequence[Message]:
        raise Unavailable("one is down")

    await room.conversation.reply(Question(), lost, spoken=True)
    await room.sink.until(Failed)

    assert room.sink.told() == ["Failed"]
    assert len(room.turns) == 1
    assert room.outcomes() != ["ok"]


async def test_a_recording_that_belongs_to_no_turn() -> None:
    """It is written down for the same team by the same scenario, and holds the configuration only so long."""
    room = Room()
    text = await room.conversation.write_down(Question(changes={"language": "de"}), Inline(b"wav", "audio/wav"))
    (asked,) = room.engine.of(TranscriptionRequest)

    assert text == "hello"
    assert asked.language == "de"
    assert not room.turns
    assert room.staying == 0


@pytest.mark.parametrize("speaking", [True, False])
async def test_what_an_interruption_says_first(speaking: bool) -> None:
    """What interrupts is told before what it cut off, and also where there was nothing to cut off."""
    room = Room()
    if speaking:
        room.engine.thinks = lambda _: asyncio.Event()
        await room.conversation.reply(Question(), words(), spoken=False)
        await asyncio.sleep(0)
    await room.conversation.interrupt(Aside(tuple))

    assert [type(one) for one in room.sink.events] == [Aside, *[Interrupted] * speaking]


async def test_work_beside_the_turns() -> None:
    """It ends with the conversation at the latest."""
    room = Room()
    task = room.conversation.beside(asyncio.sleep(1000))
    await room.conversation.close()

    assert task.cancelled()
