"""A reply's text on its way through the engine."""

import pytest

from router.contract import BadOutput, Unavailable
from router.engine.first_sentence import MOST_HELD, FirstSentence
from router.engine.gate import open_gate, reply_judge
from tests.unit.engine.making import Chunks


async def test_the_first_word_opens_the_gate() -> None:
    """Blanks are held back until a word is there; then all of it comes out in order."""
    opened = await open_gate(Chunks(b" ", b"\n", b"Yes", b"."), reply_judge)

    assert [chunk async for chunk in opened] == [b" \nYes", b"."]


async def test_a_reply_of_blanks() -> None:
    """A reply in which nothing is said is bad output, so that another provider is asked."""
    with pytest.raises(BadOutput):
        await open_gate(Chunks(b" ", b"\n"), reply_judge)


@pytest.mark.parametrize(
    ("pieces", "first"),
    [
        ((b"Well", b". Yes", b", that", b" is it."), b"Well. Yes"),
        ((b"At 3.", b"14 p.m. he", b" came. Oh", b" yes."), b"At 3.14 p.m. he came. Oh"),
        ((b"Only ", b"one"), b"Only one"),
        (("\u4f60\u597d\u3002".encode(), "\u8d70".encode(), b"!"), "\u4f60\u597d\u3002\u8d70".encode()),
        ((b"x" * MOST_HELD, b"y", b"z"), b"x" * MOST_HELD + b"y"),
    ],
)
async def test_the_first_sentence(pieces: tuple[bytes, ...], first: bytes) -> None:
    """A reply's first piece is a whole sentence, or all there is of a short one; nothing of the rest is held back or lost."""
    told = [piece async for piece in FirstSentence(Chunks(*pieces))]

    assert told[0] == first
    assert b"".join(told) == b"".join(pieces)


async def test_a_break_within_the_first_sentence() -> None:
    """Whoever breaks off before a sentence is complete has said nothing, so that another can reply; it is closed."""
    source = Chunks(b"I think", Unavailable("cut"))
    with pytest.raises(Unavailable):
        await open_gate(FirstSentence(source), reply_judge)
    assert source.closed == 1
