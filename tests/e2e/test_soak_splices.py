"""The splice soak, in small: `make soak-splices` cuts 10,000 streams. And whether its judge hears what is missing."""

from collections.abc import Callable
from typing import Final

import pytest

from benchmarks.cut_callers import Ending
from benchmarks.cut_tales import Stream
from benchmarks.cutting import Way
from benchmarks.listening import Understood
from benchmarks.soak_splices import soak
from benchmarks.tale import RATE, Cut, Tale, spoken
from router.contract import AudioFormat
from router.media import Encoder
from router.media.join import BREATH

STREAMS: Final = 150
KINDS: Final = (AudioFormat.PCM, AudioFormat.OPUS)
"""One judged to the bit, and the one that loses most."""
PAUSE: Final = bytes(2 * round(BREATH * RATE))
SENTENCES: Final = (0, 5, 9)
AT: Final = 50_000
"""The byte of the second of them at which the stream broke."""


async def test_a_hundred_and_fifty(needs: Callable[[str], str]) -> None:
    """Of streams cut at a random byte each is complete with all of its text, but the one that was given no chance."""
    needs("curl")
    figures = await soak(STREAMS, iter)
    print(f"\n{figures}")
    assert list(figures.breaches()) == []
    assert figures.entire == STREAMS - 1
    assert figures.truncated == 1
    assert figures.unspliced[Ending.INCOMPLETE] >= 3


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """The sentences, and the second in two halves."""
    first, second, third = map(spoken, SENTENCES)
    return {"1": first, "2": second, "3": third, "2a": second[:AT], "2b": second[AT:]}


def flaws(parts: dict[str, bytes], heard: str, kind: AudioFormat) -> list[str]:
    """Judge what was heard in place of the three sentences, in a format."""
    encoder = Encoder(kind, RATE, RATE)
    body = encoder.feed(PAUSE.join(parts[name] for name in heard.split())) + encoder.close()
    stream = Stream(Tale(0, SENTENCES, (Cut(SENTENCES[1], AT, Way.RESET),)), "tale", kind)
    return list(stream.flaws(body))


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_was_resumed(parts: dict[str, bytes], kind: AudioFormat) -> None:
    """The beginning of a sentence may be heard twice."""
    assert flaws(parts, "1 2a 2 3", kind) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heard", ["1 2a 3 3", "1 2a 2b 3 2b", "1 2a 3 2", "2a 2 3 2b", "1 2 2a"])
def test_a_text_of_which_something_is_missing(parts: dict[str, bytes], heard: str, kind: AudioFormat) -> None:
    """A sentence left out, put together of two halves or put elsewhere is noticed, though the sound be long enough."""
    assert "part of the text is missing" in flaws(parts, heard, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heard", ["1 2 3", "1 2a 2a 2 3", "1 2a 2 3 3"])
def test_a_text_that_lasts_too_long_or_not_long_enough(parts: dict[str, bytes], heard: str, kind: AudioFormat) -> None:
    """All that the caller hears is accounted for: a break costs its pause, and no more is said twice than broke off."""
    assert any("it lasts" in flaw for flaw in flaws(parts, heard, kind))


def test_how_much_was_understood() -> None:
    """Words that are said twice are errors of a transcript, and no loss; words that are not heard are one."""
    assert Understood.of("It was late.", "it was it was late") == Understood(words=3, hits=3, errors=2)
    assert Understood.of("It was late.", "it late") == Understood(words=3, hits=2, errors=1)
    assert Understood.of("It was late.", "") == Understood(words=3, hits=0, errors=3)
