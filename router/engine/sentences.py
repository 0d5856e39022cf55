"""A text as the groups of sentences it is spoken in where a broken stream may be resumed."""

from collections.abc import Iterator
from re import compile as regex
from typing import Final

from sentencex import segment  # type: ignore[import-untyped]  # it ships no types

from router.contract.tokens import TOKEN, without_tokens

FEWEST: Final = 40
"""Characters: a shorter sentence is spoken together with the next, for the sake of the melody."""
LEADING: Final = regex(rf"\s*((?:{TOKEN.pattern}\s*)+)")
AT_THE_SPOT: Final = frozenset({"pause", "long_pause"})
WORD: Final = regex(r"\w")


def grouped(text: str, language: str | None = None) -> list[str]:
    """Return the groups in order: whole sentences, each group with a word in it if the text has any.

    Nothing of the text is lost but blanks at the ends of groups. Control tokens that lead a line colour all of it
    (seed 002), so a later group of the line is given them again unless it brings its own.
    """
    groups: list[str] = []
    for sentence in segment((language or "en").partition("-")[0].lower(), text):
        if groups and (is_short(groups[-1]) or not has_words(sentence)):
            groups[-1] += sentence
        else:
            groups.append(sentence)
    return list(coloured(groups))


def is_short(group: str) -> bool:
    """Whether a group should not be spoken alone."""
    return len(without_tokens(group)) < FEWEST or not has_words(group)


def has_words(text: str) -> bool:
    """Whether there is anything to speak."""
    return WORD.search(without_tokens(text)) is not None


def coloured(groups: list[str]) -> Iterator[str]:
    """Yield the groups without blanks around them, the colour of a line repeated where the line goes on."""
    colour = ""
    for group in groups:
        lines = group.rstrip(" ").split("\n")
        own = leading(lines[0])
        yield (group if own else colour + group).strip()
        colour = leading(lines[-1]) if len(lines) > 1 else own or colour


def leading(line: str) -> str:
    """Return the control tokens at the start of a line that colour the whole of it."""
    found = LEADING.match(line)
    tokens = TOKEN.finditer(found[1]) if found else ()
    return "".join(one[0] for one in tokens if one[1] != "sfx" and one[2] not in AT_THE_SPOT)
