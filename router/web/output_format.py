"""`output_format` in Breeze's and ElevenLabs' words: a format, then a sample rate, then a bit rate.

Breeze says `mp3`, `wav_48000`; ElevenLabs `mp3_44100_64`, `pcm_16000`. Both are read, whoever asks.
"""

from re import compile as regex
from typing import Final, NamedTuple

from router.contract import AudioFormat, Invalid
from router.media.rates import RATES, playable_bits

PARAM: Final = "output_format"
NAME: Final = regex(r"(?P<format>[a-z0-9]+?)(?:_(?P<rate>\d{4,6})(?:_(?P<bits>\d{1,4}))?)?")
TELEPHONE: Final = frozenset({"ulaw", "alaw"})
CHOICES: Final = ", ".join(one.value for one in AudioFormat)


class Sound(NamedTuple):
    """A format, and a sample rate in hertz and bits per second if they were asked for."""

    format: AudioFormat
    rate: int | None = None
    bits: int | None = None


def sound_of(name: str) -> Sound:
    """Return what a name asks for. Raises `Invalid` for what the router does not make, naming what it does."""
    found = NAME.fullmatch(name)
    if found and found["format"] in TELEPHONE:
        raise _refused(f"{name} is G.711, which is not made here; ask for pcm_8000 and compress it", CHOICES)
    if found is None or found["format"] not in set(AudioFormat):
        raise _refused(
            f"{name[:40]!r} is no format that is made here; ask for one of {CHOICES}, with _<sample rate> if it matters",
            CHOICES,
        )
    rate, bits = (int(number) if number else None for number in (found["rate"], found["bits"]))
    sound = Sound(AudioFormat(found["format"]), rate, bits and bits * 1000)
    _check_rate(sound)
    _check_bits(sound)
    return sound


def _check_rate(sound: Sound) -> None:
    rates = RATES[sound.format]
    if sound.rate is not None and sound.rate not in rates:
        choices = ", ".join(map(str, rates))
        raise _refused(f"{sound.format} has no sample rate {sound.rate}; it has {choices}", choices)


def _check_bits(sound: Sound) -> None:
    if sound.rate is None:
        return
    try:
        playable_bits(sound.format, sound.rate, sound.bits)
    except Invalid as error:
        raise _refused(error.message, str(error.limit)) from None


def _refused(told: str, limit: int | str) -> Invalid:
    return Invalid(f"`{PARAM}`: {told}", code="invalid_value", param=PARAM, limit=limit)
