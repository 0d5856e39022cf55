"""Which sample rates and bit rates each format can have."""

from collections.abc import Mapping
from types import MappingProxyType

from router.contract.errors import Invalid
from router.contract.schema import AudioFormat

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
AAC_RATES = (*MP3_RATES, 64_000, 88_200, 96_000)
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
ANY_RATES = tuple(sorted({*AAC_RATES, 192_000}))
RATES: Mapping[AudioFormat, tuple[int, ...]] = MappingProxyType(
    {
        AudioFormat.MP3: MP3_RATES,
        AudioFormat.AAC: AAC_RATES,
        AudioFormat.OPUS: OPUS_RATES,
        AudioFormat.FLAC: ANY_RATES,
        AudioFormat.WAV: ANY_RATES,
        AudioFormat.PCM: ANY_RATES,
    }
)
"""Hertz that each format can carry. Opus always plays at 48 kHz, whatever it was made from."""

BIT_RATES: Mapping[AudioFormat, tuple[int, int]] = MappingProxyType(
    {AudioFormat.MP3: (32_000, 192_000), AudioFormat.OPUS: (16_000, 192_000), AudioFormat.AAC: (32_000, 192_000)}
)
"""Bits per second that can be asked for, from and to; beyond, mono speech has nothing to gain."""
HALF_RATES = 24_000
"""Hertz up to which mp3 is MPEG-2, which ends at 160 kbit/s (ISO/IEC 13818-3)."""
MOST_AT_HALF_RATES = 160_000


def playable_rate(format: AudioFormat, rate: int, asked: int | None) -> int:  # noqa: A002 - the field's name
    """Return the rate to encode at: the one asked for, else the lowest the format has from `rate` up.

    Raises Invalid for a rate asked for that the format cannot carry.
    """
    rates = RATES[format]
    if asked is None:
        return next((one for one in rates if one >= rate), rates[-1])
    if asked not in rates:
        choices = ", ".join(map(str, rates))
        raise Invalid(f"{format} has no sample rate {asked}", code="invalid_value", param="sample_rate", limit=choices)
    return asked


def playable_bits(format: AudioFormat, rate: int, asked: int | None) -> int | None:  # noqa: A002 - the field's name
    """Return the bit rate asked for, or None to leave it to us. Raises Invalid for one that the format cannot have."""
    if asked is None:
        return None
    low, high = BIT_RATES.get(format, (0, 0))
    if format is AudioFormat.MP3 and rate <= HALF_RATES:
        high = MOST_AT_HALF_RATES
    if low <= asked <= high:
        return asked
    told = f"{low // 1000} to {high // 1000} kbit/s" if high else "no bit rate to choose"
    raise Invalid(f"{format} at {rate} Hz has {told}", code="invalid_value", param="bit_rate", limit=told)
