import pytest

from router.contract import AudioFormat, Busy, NotFound, SpeechLimits, SpeechRequest, Task, Unsupported
from tests.unit.engine.stage import route, speech, staged


async def test_what_is_told() -> None:
    """Before anybody is asked it is told who will be, in order and as they stand, without a word of the request."""
    async with staged(route(Task.SPEECH, "ab")) as stage:
        stage.acts("a", Busy("", retry_after=30))
        stage.acts("b", speech(), speech())
        await stage.speak()
        await stage.speak()
    first, second = stage.chosen
    assert [one.target for one in first.targets] == ["a", "b"]
    assert (first.request_id, first.task, first.route, first.declined) == ("req_1", Task.SPEECH, "speech-route", {})
    assert 29 < second.targets[0].blocked_for <= 30
    assert "hello" not in str(stage.chosen)


@pytest.mark.parametrize(
    ("limits", "error", "reason"),
    [
        (SpeechLimits(formats=(AudioFormat.PCM,), characters=3), Unsupported, "takes at most 3 characters, not 5"),
        (SpeechLimits(formats=(AudioFormat.PCM,), characters=9, voices=()), NotFound, "has a voice 'ghost'"),
    ],
)
async def test_nobody(limits: SpeechLimits, error: type[Exception], reason: str) -> None:
    """That all decline is told, with each one's reason."""
    async with staged(route(Task.SPEECH, "ab"), limits=limits) as stage:
        with pytest.raises(error):
            await stage.serve(SpeechRequest(text="hello", voice="ghost"))
    (told,) = stage.chosen
    assert told.targets == ()
    assert set(told.declined) == {"a", "b"}
    assert reason in told.declined["a"]
