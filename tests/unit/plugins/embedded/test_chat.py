import pytest

from plugins.embedded.chat import LONGEST_ECHO, SELF, Echo, heard
from router.contract import Message


async def test_a_reply() -> None:
    """It repeats the last thing that a person said, and says that no model is at work."""
    told = Echo(
        [Message("system", "be kind"), Message("user", "hi"), Message("assistant", "yes"), Message("user", "x y")]
    )

    assert b"".join([piece async for piece in told]).decode() == f"You said: x y. {SELF}"
    assert "No language model" in SELF


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("What time is it?", "You said: What time is it."),
        ("<|emotion:anger|>Now!", "You said: Now."),
        ("  \n", "I heard nothing."),
        ("\u4f60\u597d\u3002", "You said: \u4f60\u597d."),
    ],
)
def test_what_was_heard(said: str, told: str) -> None:
    """Words are repeated as they are; control tokens, blanks and the final stop are not."""
    assert heard(said) == told


@pytest.mark.parametrize("said", ["word " * 200, "x" * 1000])
def test_a_long_speech(said: str) -> None:
    """Of a long speech the beginning is repeated, cut between words where there are any."""
    told = heard(said).removeprefix("You said: ").removesuffix(".")

    assert len(told) <= LONGEST_ECHO
    assert said.startswith(told)
    assert told.endswith(("word", "x"))
