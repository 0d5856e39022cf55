import asyncio

import pytest

from router.contract import Conflict, Exhausted, Invalid, MediaError, Message, NotFound
from router.web.realtime.items import LONGEST, MOST, Item, Items, Part, Role, Said, history


def item(name: str, text: str = "words", role: Role = Role.USER) -> Item:
    return Item(name, role, [Part(audible=False, sentences=[Said(text)])])


def order(items: Items) -> str:
    return "".join(one.id for one in items)


def test_where_items_go() -> None:
    """After the one that is named, at the very beginning, or at the end; they say what they follow."""
    items = Items()
    assert [items.add(item("b")), items.add(item("d"))] == [None, "b"]
    assert items.add(item("c"), after="b") == "b"
    assert items.add(item("a"), after="root") is None
    assert order(items) == "abcd"
    assert items.last == "d"


def test_items_that_are_not_there() -> None:
    """They are refused, as is an id that is taken; nothing changes then."""
    items = Items()
    items.add(item("a"))
    with pytest.raises(Conflict):
        items.add(item("a"))
    with pytest.raises(NotFound):
        items.add(item("b"), after="x")
    with pytest.raises(NotFound):
        items.find("x")
    items.discard(None)
    assert order(items) == "a"


def test_only_so_much_is_kept() -> None:
    """The oldest items go where there are too many, or too many words."""
    many, long = Items(), Items()
    for at in range(MOST + 3):
        many.add(item(f"{at} "))
    for name in "abc":
        long.add(item(name, "x" * (LONGEST // 2)))

    assert next(one.id for one in many) == "3 "
    assert order(long) == "bc"


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(5.0, "One two. Three four five."), (3.0, "One two. Three four five."), (2.0, "One two. Three"), (1.0, "One two."),
     (0.5, "One"), (0.0, "")],
)  # fmt: skip
def test_what_was_not_played(seconds: float, left: str) -> None:
    """Of a reply that is cut off whole words stay, as many as were heard about."""
    part = Part(audible=True, sentences=[Said("One two.", 1.0), Said("Three four five.", 2.0)], seconds=3.0)
    part.cut(seconds)

    assert part.text == left
    assert part.seconds == min(seconds, 3.0)


async def heard(text: str | MediaError) -> str:
    await asyncio.sleep(0)
    if isinstance(text, MediaError):
        raise text
    return text


def recorded(name: str, text: str | MediaError) -> Item:
    return Item(name, Role.USER, [Part(audible=True, hearing=asyncio.create_task(heard(text)))])


async def test_what_was_said() -> None:
    """A model gets it in order, once all of it is written down; what could not be is left out, unless it is the question."""
    reply = item("reply", "Yes.", Role.ASSISTANT)
    said = await history([recorded("lost", Exhausted(())), reply, recorded("now", "and now?")])

    assert said == [Message("assistant", "Yes."), Message("user", "and now?")]
    with pytest.raises(Exhausted):
        await history([reply, recorded("lost", Exhausted(()))])
    with pytest.raises(Invalid) as silent:
        await history([recorded("silence", "")])
    assert silent.value.code == "nothing_heard"
    assert await history([]) == []


async def test_a_reply_that_is_cut_off_takes_no_words_along() -> None:
    """Whoever waits for a transcript and is cancelled leaves it to others."""
    item = recorded("now", "hello")
    waiting = asyncio.create_task(history([item]))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert await history([item]) == [Message("user", "hello")]
