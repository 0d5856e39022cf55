"""`output_format` in Breeze's and ElevenLabs' words: a format, then a sample rate, then a bit rate.

Breeze says `mp3`, `wav_48000`; ElevenLabs `mp3_44100_64`, `pcm_16000`. Both are read, whoever asks.
"""

from re import compile as regex
from typing import Final, NamedTuple

from router.contract import AudioFormat, Invalid
from router.media.encode import CODECS, RATES

PARAM: Final = "output_format"
NAME: Final = regex(r"(?P<format>[a-z0-9]+?)(?:_(?P<rate>\d{4,6})(?:_(?P<bits>\d{1,4}))?)?")
TELEPHONE: Final = frozenset({"ulaw", "alaw"})
CHOICES: Final = ", ".join(one.value for one in AudioFormat)


class Sound(NamedTuple):
    """A format, and a sample rate in hertz if one was asked for."""

    format: AudioFormat
    rate: int | None


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
    sound = Sound(AudioFormat(found["format"]), int(found["rate"]) if found["rate"] else None)
    _check_rate(sound)
    if found["bits"]:
        _check_bits(sound, int(found["bits"]))
    return sound


def _check_rate(sound: Sound) -> None:
    rates = RATES[sound.format]
    if sound.rate is not None and sound.rate not in rates:
        choices = ", ".join(map(str, rates))
        raise _refused(f"{sound.format} has no sample rate {sound.rate}; it has {choices}", choices)


def _check_bits(sound: Sound, asked: int) -> None:
    codec = CODECS.get(sound.format)
    made = codec.bit_rate if codec else None
    plain = f"{sound.format}_{sound.rate}"
    if made is None:
        raise _refused(f"{sound.format} has no bit rate to choose; ask for {plain}", plain)
    if asked * 1000 != made:
        kept = made // 1000
        raise _refused(f"{sound.format} is made at {kept} kbit/s, not {asked}; ask for {plain}_{kept} or {plain}", kept)


def _refused(told: str, limit: int | str) -> Invalid:
    return Invalid(f"`{PARAM}`: {told}", code="invalid_value", param=PARAM, limit=limit)
