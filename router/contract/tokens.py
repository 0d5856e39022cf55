"""Control tokens, `<|category:value|>`: how Boson's Higgs voices are told to feel, whisper, pause or laugh in mid-text.

The catalogue is the one in SGLang-Omni's Higgs cookbook and Boson's own plugins. A voice that does not know a
token reads it aloud, so whoever does not obey them must never see them.
"""

from collections.abc import Iterator, Mapping
from re import compile as regex
from typing import Final

OPENING: Final = "<|"
"""How every token begins: a text without it need not be searched."""
TOKEN: Final = regex(r"<\|([a-z_]+):([a-z_]+)\|>")
BLANKS: Final = regex(r" {2,}")
CATALOGUE: Final[Mapping[str, frozenset[str]]] = {
    "emotion": frozenset(
        [
            "elation",
            "amusement",
            "enthusiasm",
            "determination",
            "pride",
            "contentment",
            "affection",
            "relief",
            "contemplation",
            "confusion",
            "surprise",
            "awe",
            "longing",
            "arousal",
            "anger",
            "fear",
            "disgust",
            "bitterness",
            "sadness",
            "shame",
            "helplessness",
        ]
    ),
    "style": frozenset({"singing", "shouting", "whispering"}),
    "prosody": frozenset(
        [
            "speed_very_slow",
            "speed_slow",
            "speed_fast",
            "speed_very_fast",
            "pitch_low",
            "pitch_high",
            "expressive_high",
            "expressive_low",
            "pause",
            "long_pause",
        ]
    ),
    "sfx": frozenset(["cough", "laughter", "crying", "screaming", "burping", "humming", "sigh", "sniff", "sneeze"]),
}
SPEEDS: Final[Mapping[str, float]] = {
    "speed_very_slow": 0.65,
    "speed_slow": 0.85,
    "speed_fast": 1.2,
    "speed_very_fast": 1.4,
}
"""What the speed tokens come to, as a factor of normal speed."""


def unknown(text: str) -> Iterator[str]:
    """Yield the tokens that are not in the catalogue, which any voice would read aloud."""
    for found in TOKEN.finditer(text):
        if found[2] not in CATALOGUE.get(found[1], frozenset()):
            yield found[0]


def without_tokens(text: str) -> str:
    """Return the text as a voice that obeys no tokens should have it; the blanks around a token become one."""
    return BLANKS.sub(" ", TOKEN.sub(" ", text)).strip()


def without_unknown(text: str) -> str:
    """Return the text without the tokens that are not in the catalogue."""
    for token in set(unknown(text)):
        text = text.replace(token, "")
    return text


def speed(text: str) -> float | None:
    """Return the factor that a leading speed token asks for, if one does; the last one counts."""
    asked = [SPEEDS[found[2]] for found in TOKEN.finditer(text) if found[1] == "prosody" and found[2] in SPEEDS]
    return asked[-1] if asked else None
