import pytest

from router.contract.tokens import CATALOGUE, TOKEN
from router.engine.settings.scenarios import Delivery
from router.voice.directives import Colours, Directive, advice, shown

HAPPY = "<|emotion:elation|>"
SLOW = "<|prosody:speed_slow|>"
LAUGH = "<|sfx:laughter|>"
PAUSE = "<|prosody:pause|>"


@pytest.mark.parametrize(
    ("delivery", "sentence", "spoken", "directive"),
    [
        (Delivery(), "Hello.", "Hello.", Directive(tokens="")),
        (Delivery(), f"{HAPPY}Hello.", f"{HAPPY}Hello.", Directive(tokens=HAPPY, emotion="elation")),
        (
            Delivery(),
            f"{SLOW} {HAPPY} {LAUGH} Ha!",
            f"{HAPPY}{SLOW}{LAUGH} Ha!",
            Directive(tokens=HAPPY + SLOW + LAUGH, emotion="elation", speed="slow", sfx="laughter"),
        ),
        (Delivery(speed="slow"), "Hello.", f"{SLOW}Hello.", Directive(tokens=SLOW, speed="slow")),
        (
            Delivery(emotion="fear", expressive="high", pitch="low", style="whispering"),
            f"{HAPPY}Hello.",
            f"{HAPPY}<|style:whispering|><|prosody:pitch_low|><|prosody:expressive_high|>Hello.",
            Directive(
                tokens=f"{HAPPY}<|style:whispering|><|prosody:pitch_low|><|prosody:expressive_high|>",
                emotion="elation", style="whispering", pitch="low", expressive="high",
            ),
        ),
        (Delivery(choose=False, speed="slow"), f"{HAPPY}{LAUGH}Hi.", f"{SLOW}Hi.", Directive(tokens=SLOW, speed="slow")),
        (Delivery(), f"Well, {PAUSE} yes {LAUGH}.", f"Well, {PAUSE} yes {LAUGH}.", Directive(tokens="")),
        (Delivery(), "<|emotion:glee|>Hi.", "Hi.", Directive(tokens="")),
        (Delivery(), "<|emotion:elati Hi <|sfx:|> you.", "Hi you.", Directive(tokens="")),
    ],
)  # fmt: skip
def test_a_first_sentence(delivery: Delivery, sentence: str, spoken: str, directive: Directive) -> None:
    """Tokens the model leads with go before the scenario's, in one order; unknown and broken ones are dropped."""
    colours = Colours(delivery)
    words = colours.spoken(sentence)

    assert words == spoken
    assert colours.directive(words) == directive


def test_later_sentences() -> None:
    """Each is spoken alone, so the colour is repeated, until a sentence brings another; sounds are not."""
    colours = Colours(Delivery())

    assert colours.spoken(f"{HAPPY}{LAUGH}One.") == f"{HAPPY}{LAUGH}One."
    assert colours.spoken("Two.") == f"{HAPPY}Two."
    assert colours.spoken(f"Three,{SLOW} you see.") == f"{HAPPY}{SLOW}Three, you see."
    assert colours.spoken("<|emotion:sadness|>Four.") == f"<|emotion:sadness|>{SLOW}Four."


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        (f"{HAPPY}Hello  there.", "Hello there."),
        (f"Ha{LAUGH}ha", "Ha ha"),
        ("<|emotion:glee|>Hi", "Hi"),
        ("a <|emo b", "a b"),
        ("2 < 3 | 4 > 1", "2 < 3 | 4 > 1"),
    ],
)
def test_what_is_shown(sentence: str, text: str) -> None:
    """People read the words alone."""
    assert shown(sentence) == text


def test_the_advice() -> None:
    """A model is told of every token there is, and of none that is not."""
    told = advice()

    assert all(value in told for values in CATALOGUE.values() for value in values)
    assert all(found[2] in CATALOGUE[found[1]] for found in TOKEN.finditer(told))
