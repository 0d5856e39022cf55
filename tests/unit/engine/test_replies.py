"""A reply's text on its way through the engine."""

import pytest

from router.contract import BadOutput
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
