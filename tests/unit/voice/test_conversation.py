"""Turns one after another, over an engine that does as it is told."""

import asyncio

import pytest

from router.contract import (
    BadOutput,
    ChatRequest,
    Conflict,
    ContentRefused,
    Exhausted,
    Invalid,
    MediaError,
    Message,
    NotFound,
    SpeechRequest,
    Task,
    TranscriptionRequest,
    Truncated,
    Unauthenticated,
)
from router.engine.settings import Limits, Route, RouterSettings, Target, Team, Tier
from router.engine.settings.scenarios import Delivery, Scenario
from router.store.counters import LocalCounters
from router.teams.reserve import Admission
from router.testing.clock import FakeClock
from router.voice import Audio, AudioBegun, Directed, Failed, Heard, Interrupted, Partial, Question, Replied, Said
from tests.unit.voice.making import LOUD, SOUND, Chunks, Room

ASKED = Question()
SENTENCE = ["Said", "AudioBegun", "Audio", "AudioEnded"]


def wall() -> float:
    """Stand for unix time."""
    return 1_700_000_000.0


async def ask(room: Room, text: str = "hi", question: Question = ASKED) -> None:
    await room.conversation.ask(question, text)
    async with asyncio.timeout(5):
        while room.conversation.busy:  # noqa: ASYNC110 - nothing is told of the very end
            await asyncio.sleep(0)


async def test_a_typed_turn() -> None:
    """Delivery comes first, each sentence right before its sound, and the whole text last."""
    room = Room()
    await ask(room)

    assert room.sink.told() == ["Directed", *SENTENCE, *SENTENCE, "Replied"]
    assert room.sink.events[-1] == Replied("Yes. And you?")
    assert room.sink.sound() == SOUND * 2
    assert AudioBegun(24_000) in room.sink.events
    assert room.outcomes() == ["ok"]
    assert (room.turns[0].kind, room.turns[0].sentences, room.turns[0].request_id) == ("typed", 2, "talk.1")
    assert room.turns[0].hearing is None
    assert room.staying == 0


async def test_a_spoken_turn() -> None:
    """What was recorded is written down, settled and answered."""
    room = Room()
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    assert not room.conversation.busy
    await room.conversation.stop()
    await room.sink.until(Replied)

    assert room.sink.events[0] == Heard("hello")
    assert room.engine.of(ChatRequest)[0].messages[-1] == Message("user", "hello")
    (turn,) = room.turns
    assert (turn.kind, turn.outcome) == ("spoken", "ok")
    assert turn.hearing is not None
    assert turn.first_audio is not None


async def test_what_is_asked_of_each_stage() -> None:
    """The scenario says in which voice, by which routes and with what prompt; the history goes to the model."""
    scenario = Scenario(
        prompt="Be brief.", voice="v", language="fr", transcription="t", chat="c", speech="s", partials=None,
        delivery=Delivery(emotion="relief", choose=False), temperature=0.3, max_tokens=9,
    )  # fmt: skip
    room = Room(tutor=scenario)
    await room.conversation.listen(Question("tutor", (Message("user", "one"), Message("assistant", "two"))))
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    await room.sink.until(Replied)

    (heard,) = room.engine.of(TranscriptionRequest)
    (thought,) = room.engine.of(ChatRequest)
    spoken = room.engine.of(SpeechRequest)
    assert (heard.model, heard.language) == ("t", "fr")
    assert [one.content for one in thought.messages] == ["Be brief.", "one", "two", "hello"]
    assert (thought.model, thought.temperature, thought.max_tokens) == ("c", 0.3, 9)
    assert [one.text for one in spoken] == ["<|emotion:relief|>Yes.", "<|emotion:relief|>And you?"]
    assert {(one.model, one.voice, one.sample_rate) for one in spoken} == {("s", "v", 24_000)}


async def test_a_model_that_chooses() -> None:
    """It is told of the tokens; those it writes are resolved, and shown to nobody."""
    room = Room()
    room.engine.thinks = lambda _: Chunks(b"<|emotion:ela", b"tion|>Oh! <|sfx:sig", b"h|> Well.")
    await ask(room)

    prompt = room.engine.of(ChatRequest)[0].messages[0].content
    directed = [one.directive for one in room.sink.events if isinstance(one, Directed)]
    assert "<|sfx:laughter|>" in prompt
    assert [(one.tokens, one.emotion) for one in directed] == [("<|emotion:elation|>", "elation")]
    assert [one.text for one in room.sink.events if isinstance(one, Said)] == ["Oh!", "Well."]
    assert [one.text for one in room.engine.of(SpeechRequest)] == [
        "<|emotion:elation|>Oh!", "<|emotion:elation|><|sfx:sigh|> Well."
    ]  # fmt: skip


async def test_one_sentence_ahead() -> None:
    """While a sentence is being heard the next is already being made, and no other."""
    room = Room()
    heard, written = asyncio.Event(), Chunks(b"One. ", b"Two. ", b"Three.")
    room.engine.thinks = lambda _: written
    room.engine.speaks = lambda asked: Chunks(SOUND, heard, SOUND) if asked.text == "One." else Chunks(SOUND)
    await room.conversation.ask(ASKED, "hi")
    await room.sink.until(Audio)
    await asyncio.sleep(0.01)

    assert [one.text for one in room.engine.of(SpeechRequest)] == ["One.", "Two."]
    assert [one.text for one in room.sink.events if isinstance(one, Said)] == ["One."]
    heard.set()
    await room.sink.until(Replied)
    assert room.sink.told() == ["Directed", *SENTENCE * 3, "Replied"]


async def test_the_first_sound_waits_for_nothing() -> None:
    """It goes out as soon as it is there, though neither the sentence's sound nor the reply is complete."""
    room = Room()
    never = asyncio.Event()
    room.engine.thinks = lambda _: Chunks(b"One. T", never)
    room.engine.speaks = lambda _: Chunks(SOUND, never)
    await room.conversation.ask(ASKED, "hi")

    assert await room.sink.until(Audio) == Audio(SOUND)
    await room.conversation.close()
    assert room.outcomes() == ["cancelled"]


@pytest.mark.parametrize("stage", [Task.TRANSCRIPTION, Task.CHAT, Task.SPEECH])
async def test_interrupting_in_every_stage(stage: Task) -> None:
    """A new turn lets go of whoever works for the old one, and nothing of that is told any more."""
    room = Room()
    stuck = asyncio.Event()
    if stage is Task.TRANSCRIPTION:
        room.engine.hears = lambda _: stuck
    elif stage is Task.CHAT:
        room.engine.thinks = lambda _: Chunks(stuck)
    else:
        room.engine.speaks = lambda _: Chunks(SOUND, stuck)
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    await asyncio.sleep(0.01)
    await room.conversation.listen(ASKED)
    before = len(room.sink.events)
    stuck.set()
    await asyncio.sleep(0.01)

    assert isinstance(room.sink.events[-1], Interrupted)
    assert len(room.sink.events) == before
    assert (stage, "cancelled") in room.engine.outcomes
    assert room.outcomes() == ["interrupted"]
    await room.conversation.close()
    assert room.staying == 0


async def test_what_was_said_before_an_interruption() -> None:
    """The event says which sentences had begun to be heard, for the caller's history."""
    room = Room()
    never = asyncio.Event()
    room.engine.thinks = lambda _: Chunks(b"One. Two. Three. Four.")
    room.engine.speaks = lambda asked: Chunks(SOUND, never) if asked.text == "Two." else Chunks(SOUND)
    await room.conversation.ask(ASKED, "hi")
    while len([one for one in room.sink.events if isinstance(one, Audio)]) < 2:  # noqa: ASYNC110 - the second is meant
        await asyncio.sleep(0)
    await room.conversation.ask(ASKED, "stop")

    assert [one for one in room.sink.events if isinstance(one, Interrupted)] == [Interrupted("One. Two.")]
    await room.conversation.close()


async def test_a_reply_that_is_complete_but_not_read() -> None:
    """What the caller has not read of it is dropped, and that is told."""
    room = Room()
    await ask(room)
    room.sink.unsent = 3
    await room.conversation.listen(ASKED)

    assert room.sink.events[-1] == Interrupted("Yes. And you?")
    assert room.outcomes() == ["ok"]
    await room.conversation.close()


async def test_no_interruption() -> None:
    """After a reply that was read to its end, or a recording that is begun anew, there is nothing to tell of."""
    room = Room()
    await ask(room)
    await room.conversation.listen(ASKED)
    await room.conversation.listen(ASKED)
    await ask(room)

    assert not [one for one in room.sink.events if isinstance(one, Interrupted)]
    assert room.outcomes() == ["ok", "interrupted", "interrupted", "ok"]


async def test_a_new_start_forgets() -> None:
    """The microphone's buffer begins anew."""
    room = Room()
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD * 3)
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    await room.sink.until(Replied)

    assert room.engine.of(TranscriptionRequest)[0].audio.seconds == len(LOUD) / 32_000


@pytest.mark.parametrize(
    ("stage", "act", "told"),
    [
        ("hears", Exhausted([]), ["Failed"]),
        ("hears", "", ["Failed"]),
        ("thinks", Exhausted([]), ["Heard", "Failed"]),
        ("thinks", Chunks(b" "), ["Heard", "Failed"]),
        ("thinks", Chunks(b"?! ..."), ["Heard", "Failed"]),
        ("thinks", Chunks(b"One. Tw", Truncated("cut")), ["Heard", "Directed", *SENTENCE, "Failed"]),
        ("speaks", ContentRefused("silent"), ["Heard", "Directed", "Said", "Failed"]),
        ("speaks", Chunks(SOUND, Truncated("cut")), ["Heard", "Directed", "Said", "AudioBegun", "Audio", "Failed"]),
        ("thinks", RuntimeError("a defect"), ["Heard", "Failed"]),
    ],
)
async def test_a_stage_that_fails(stage: str, act: object, told: list[str]) -> None:
    """The turn ends in one error; the next turn is as any other, and everything was let go."""
    room = Room()
    before = getattr(room.engine, stage)
    setattr(room.engine, stage, lambda _: act)
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    failed = await room.sink.until(Failed)
    await asyncio.sleep(0.01)

    assert room.sink.told() == told
    assert isinstance(failed.error, MediaError)
    assert room.outcomes() == [failed.error.code]
    assert room.staying == 0
    room.sink.events.clear()
    setattr(room.engine, stage, before)
    await ask(room)
    assert room.sink.told() == ["Directed", *SENTENCE, *SENTENCE, "Replied"]


async def test_a_reply_of_marks_alone() -> None:
    """It is a provider's bad output, not silence."""
    room = Room()
    room.engine.thinks = lambda _: Chunks(b"...")
    await ask(room)
    failed = await room.sink.until(Failed)
    assert isinstance(failed.error, BadOutput)


async def test_audio_without_a_recording() -> None:
    """It is told of once; what comes late, after a recording has ended, is passed over in silence."""
    room = Room()
    with pytest.raises(Conflict, match="before start"):
        room.conversation.hear(LOUD)
    room.conversation.hear(LOUD)
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    room.conversation.hear(LOUD)
    await room.sink.until(Replied)
    assert room.engine.of(TranscriptionRequest)[0].audio.seconds == len(LOUD) / 32_000


async def test_a_stop_without_a_recording() -> None:
    """It is refused, and what is being said goes on."""
    room = Room()
    with pytest.raises(Conflict):
        await room.conversation.stop()
    await room.conversation.ask(ASKED, "hi")
    with pytest.raises(Conflict):
        await room.conversation.stop()
    await room.sink.until(Replied)


async def test_a_recording_that_gets_too_long() -> None:
    """It ends in an error, told once: what still comes of it, its stop included, is passed over."""
    room = Room(daily=Scenario(partials=0.7, longest=1.0))
    await room.conversation.listen(ASKED)
    room.conversation.hear(bytes(32_000))
    with pytest.raises(Invalid):
        room.conversation.hear(b"\0\0")
    room.conversation.hear(LOUD)
    await room.conversation.stop()
    with pytest.raises(Conflict):
        await room.conversation.stop()

    assert room.outcomes() == ["recording_too_long"]
    assert room.engine.asked == []
    await ask(room)


async def test_partials_are_told() -> None:
    """While the question is asked, as its transcripts come; how many there were is announced."""
    clock = FakeClock(waits=True)
    room = Room(clock, daily=Scenario())
    await room.conversation.listen(ASKED)
    room.conversation.hear(LOUD)
    await asyncio.sleep(0)
    clock.advance(0.7)
    assert await room.sink.until(Partial) == Partial("hello")
    await room.conversation.stop()
    await room.sink.until(Replied)
    await asyncio.sleep(0.01)
    assert room.turns[0].partials == 1


async def test_an_unknown_scenario() -> None:
    """It is refused with a suggestion, and does not cut off what is being said."""
    room = Room()
    await room.conversation.ask(ASKED, "hi")
    with pytest.raises(NotFound, match="did you mean 'daily'"):
        await room.conversation.listen(Question("dayly"))
    await room.sink.until(Replied)


async def test_the_usual_scenario() -> None:
    """Whoever names none gets `daily`, or the first where there is no such."""
    quiet = Scenario(partials=None)
    for room, usual in ((Room(other=quiet, daily=quiet), "daily"), (Room(one=quiet, two=quiet), "one")):
        await ask(room)
        assert [one.scenario for one in room.turns] == [usual]


async def test_a_turn_that_is_not_let_in() -> None:
    """A key that is not good any more is told to the caller, turn by turn."""
    room = Room()
    await ask(room)
    room.error = Unauthenticated("gone")
    with pytest.raises(Unauthenticated):
        await room.conversation.listen(ASKED)
    assert room.outcomes() == ["ok"]


async def test_closing() -> None:
    """Whoever leaves lets go of everything, in whatever state; nothing is told any more."""
    for begin in ("nothing", "listen", "ask"):
        room = Room(daily=Scenario())
        room.engine.thinks = lambda _: asyncio.Event()
        if begin == "listen":
            await room.conversation.listen(ASKED)
        elif begin == "ask":
            await room.conversation.ask(ASKED, "hi")
            await asyncio.sleep(0)
        await room.conversation.close()
        assert room.sink.events == []
        assert room.staying == 0
        assert room.outcomes() == ([] if begin == "nothing" else ["cancelled"])


async def test_limits_of_a_team() -> None:
    """Each stage counts as a request of its task would: what a team may not have ends the turn, in that stage."""
    room = Room()
    two = Limits(requests="2/day")
    settings = RouterSettings(providers={}, routes=(), teams=(Team(name="ads", keys=(), limits=two),))
    room.admission = Admission(settings, LocalCounters(wall), wall)
    await ask(room)
    failed = await room.sink.until(Failed)

    assert room.sink.told() == ["Directed", *SENTENCE, "Said", "Failed"]
    assert failed.error.status == 429
    assert room.outcomes() == [failed.error.code]
    assert room.engine.outcomes[-1] == (Task.SPEECH, failed.error.code)


async def test_routes_that_a_team_may_not_use() -> None:
    """They are as closed to conversations as to other requests."""
    room = Room()
    targets = (Tier(targets=(Target(provider="one"),)),)
    routes = tuple(Route(name=f"own-{task}", task=task, tiers=targets) for task in (Task.CHAT, Task.SPEECH))
    settings = RouterSettings(providers={}, routes=routes, teams=(Team(name="ads", keys=(), routes=("own-speech",)),))
    room.admission = Admission(settings, LocalCounters(wall), wall)
    await ask(room)

    assert (await room.sink.until(Failed)).error.status == 403
    assert room.engine.asked == []
