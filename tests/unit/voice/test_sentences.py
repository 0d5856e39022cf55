from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.voice.sentences import LONGEST, Sentences, joined, sentences


def split(text: str, size: int = 3, language: str | None = None) -> list[str]:
    """Split a text that comes in pieces of so many characters."""
    splitter = Sentences(language)
    found = [one for at in range(0, len(text), size) for one in splitter.feed(text[at : at + size])]
    return found + splitter.end()


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (None, ["Hello there.", "How are you?", "Fine!"]),
        ("en-us", ["I saw Mr. Smith at 3.14 p.m. today.", "He left."]),
        ("de", ["Das ist z. B. gut.", "Ja."]),
        ("es", ["\u00bfQu\u00e9 tal?", "\u00a1Muy bien!"]),
        ("ru", ["\u041f\u0440\u0438\u0432\u0435\u0442.", "\u041a\u0430\u043a \u0434\u0435\u043b\u0430?"]),
        (
            "hi",
            ["\u0928\u092e\u0938\u094d\u0924\u0947\u0964", "\u0906\u092a \u0915\u0948\u0938\u0947 \u0939\u0948\u0902?"],
        ),
        ("ar", ["\u0645\u0631\u062d\u0628\u0627.", "\u0643\u064a\u0641 \u062d\u0627\u0644\u0643\u061f"]),
        (
            "el",
            ["\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1.", "\u03a0\u03ce\u03c2 \u03b5\u03af\u03c3\u03b1\u03b9;"],
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_languages_with_blanks(language: str | None, told: list[str], size: int) -> None:
    """Sentences come out whole, however small the pieces of the text; abbreviations and numbers end none."""
    assert split(" ".join(told), size, language) == told


@pytest.mark.parametrize("language", ["zh", "ja", None])
def test_languages_without_blanks(language: str | None) -> None:
    """Chinese and Japanese sentences end at their own marks, whether or not the language is known."""
    told = ["\u4f60\u597d\u3002", "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff01", "\u6211\u4eec\u8d70\u5427"]
    assert split("".join(told), 1, language) == told


def test_as_soon_as_the_next_begins() -> None:
    """A sentence is given out with the first letter of the next, and not before: an abbreviation may go on."""
    splitter = Sentences()
    assert splitter.feed("Good morning.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("H") == ["Good morning."]
    assert splitter.end() == ["H"]


def test_what_has_no_words() -> None:
    """Marks and tokens alone are never a sentence: they go with a neighbour, or not at all."""
    assert split("Great! \u2026 Then <|sfx:laughter|> go. ?!") == ["Great! \u2026", "Then <|sfx:laughter|> go. ?!"]
    assert split("...") == []
    assert split(" \n ") == []


def test_a_sentence_without_end() -> None:
    """Nobody waits for the end of what has none: it is cut at a blank, or anywhere if there is none."""
    words = split("word " * 400, 7)
    assert all(len(one) <= LONGEST for one in words)
    assert all(one.startswith("word") and one.endswith("word") for one in words)
    assert [len(one) for one in split("x" * 1500, 100)] == [600, 600, 300]


@given(st.text(alphabet="ab1.?! \n\u3002\u4f60<|>:", max_size=80), st.integers(1, 9))
def test_nothing_is_lost(text: str, size: int) -> None:
    """Every letter of the text is in the sentences, in order, whatever is between them and however it comes in pieces."""
    kept = "".join(one for one in "".join(split(text, size)) if one.isalnum())
    assert kept == "".join(one for one in text if one.isalnum())


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        (["One."], "One."),
        (["One.", "Two!"], "One. Two!"),
        (["\u4f60\u597d\u3002", "\u8d70\u5427\uff01", "OK."], "\u4f60\u597d\u3002\u8d70\u5427\uff01OK."),
    ],
)
def test_sentences_as_one_text(parts: list[str], text: str) -> None:
    """Blanks stand between sentences of languages that have them."""
    assert joined(parts) == text


async def test_the_text_is_closed() -> None:
    """Whoever stops listening in the middle closes what the text comes from."""
    closed = []

    async def written() -> AsyncGenerator[str]:
        try:
            yield "One. Two. Three."
        finally:
            closed.append("written")

    spoken = sentences(written())
    assert await anext(spoken) == "One."
    await spoken.aclose()  # type: ignore[attr-defined]  # a generator
    assert closed == ["written"]
