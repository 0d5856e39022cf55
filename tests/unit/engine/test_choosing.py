import pytest

from router.contract import AudioFormat, Busy, NotFound, SpeechLimits, SpeechRequest, Task, Unsupported
from tests.unit.engine.stage import route, speech, staged


async def test_what_is_noted() -> None:
    """It is noted who will be asked, in order and as they stand, without a word of the request."""
    async with staged(route(Task.SPEECH, "ab")) as stage:
        stage.acts("a", Busy("", retry_after=30))
        stage.acts("b", speech(), speech())
        await stage.speak()
        (first,) = stage.exchange.choices
        await stage.speak()
        (second,) = stage.exchange.choices
    assert [one.target for one in first.targets] == ["a", "b"]
    assert (first.task, first.route, first.declined) == (Task.SPEECH, "speech-route", {})
    assert 29 < second.targets[0].blocked_for <= 30
    assert "hello" not in str(second)


@pytest.mark.parametrize(
    ("limits", "error", "reason"),
    [
        (SpeechLimits(formats=(AudioFormat.PCM,), characters=3), Unsupported, "takes at most 3 characters, not 5"),
        (SpeechLimits(formats=(AudioFormat.PCM,), characters=9, voices=()), NotFound, "has a voice 'ghost'"),
    ],
)
async def test_nobody(limits: SpeechLimits, error: type[Exception], reason: str) -> None:
    """That all decline is noted, with each one's reason."""
    async with staged(route(Task.SPEECH, "ab"), limits=limits) as stage:
        with pytest.raises(error):
            await stage.serve(SpeechRequest(text="hello", voice="ghost"))
    (noted,) = stage.exchange.choices
    assert noted.targets == ()
    assert set(noted.declined) == {"a", "b"}
    assert reason in noted.declined["a"]
