from hypothesis import given
from hypothesis import strategies as st

from router.contract.tokens import without_tokens
from router.engine.sentences import FEWEST, grouped, has_words

LONG = "This sentence is long enough to be spoken alone, surely."
OTHER = "So is this one, which has as many words or even more."
WRITING = st.text(st.sampled_from("aB é你。.!?…\n,;-|<>:'\" 1"), max_size=300)
LANGUAGES = st.sampled_from([None, "en", "en-GB", "zh", "hi", "de", "xx"])


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_long_sentence_is_a_group() -> None:
    """A sentence of some length is spoken by itself."""
    assert grouped(f"{LONG} {OTHER}") == [LONG, OTHER]


def test_short_sentences_go_together() -> None:
    """A short sentence is spoken with the next one."""
    assert grouped(f"Yes. No. Well. {LONG} {OTHER}") == [f"Yes. No. Well. {LONG}", OTHER]


def test_abbreviations_end_no_sentence() -> None:
    """A dot is not always an end."""
    assert grouped("I told Dr. Smith of 3.50 dollars in the U.S. of America.") == [
        "I told Dr. Smith of 3.50 dollars in the U.S. of America."
    ]


def test_other_scripts_are_split_by_their_own_marks() -> None:
    """Chinese needs no blanks between its sentences."""
    long = "我" * FEWEST
    assert grouped(f"{long}。{long}。", "zh") == [f"{long}。", f"{long}。"]


def test_what_leads_a_line_colours_all_of_it() -> None:
    """Emotion and style hold to the end of the line (seed 002), sounds and pauses stand where they stand."""
    assert grouped(f"<|emotion:awe|><|sfx:sigh|>{LONG} {OTHER}\n{LONG}") == [
        f"<|emotion:awe|><|sfx:sigh|>{LONG}",
        f"<|emotion:awe|>{OTHER}",
        LONG,
    ]


def test_a_colour_of_its_own_replaces_the_lines() -> None:
    """A sentence led by its own tokens keeps those, and what follows takes them over."""
    groups = grouped(f"<|emotion:awe|>{LONG} <|emotion:anger|>{OTHER} {LONG}")
    assert groups[1:] == [f"<|emotion:anger|>{OTHER}", f"<|emotion:anger|>{LONG}"]


def test_the_last_line_of_a_group_colours_what_follows() -> None:
    """A group of several short lines passes on the colour of its last."""
    assert grouped(f"Oh.\n<|style:whispering|>{LONG} {OTHER}")[1] == f"<|style:whispering|>{OTHER}"


def test_dots_alone_are_never_a_group() -> None:
    """What has no word in it goes with what has."""
    assert grouped(f"... {LONG} !!! ??? {OTHER}\n\n...") == [f"... {LONG} !!! ???", f"{OTHER}\n\n..."]


@given(WRITING, LANGUAGES)
def test_nothing_is_lost(text: str, language: str | None) -> None:
    """The groups together are the text, blanks aside."""
    assert squeezed("".join(grouped(text, language))) == squeezed(text)


@given(WRITING, LANGUAGES)
def test_every_group_can_be_spoken(text: str, language: str | None) -> None:
    """If there is a word in the text there is one in every group, and all but the last have some length."""
    groups = grouped(text, language)
    assert all(map(has_words, groups)) or not has_words(text)
    assert all(len(without_tokens(one)) >= FEWEST for one in groups[:-1])
