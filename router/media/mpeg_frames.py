"""Frame headers of MPEG audio (ISO/IEC 11172-3, 13818-3, 2.5) and of AAC in ADTS (ISO/IEC 13818-7)."""

V1_RATES = (44_100, 48_000, 32_000)
BIT_RATES = {  # kbit/s by (MPEG 1, layer)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
ADTS_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)


Frame = tuple[int, float]
"""The bytes to the next header, and the seconds until then."""
HEADER = 10
"""Bytes that a header may have here."""


MPEG_FRAMES: dict[bytes, Frame] = {}
"""The MPEG frames met so far, by the first three bytes of their headers, which tell all: 3,024 at most."""


def mp3_frame(view: bytes, at: int) -> Frame | None:
    """Read the header at `at`, of which ten bytes are there; None if it is none. An ID3v2 tag is a frame of no seconds."""
    known = MPEG_FRAMES.get(view[at : at + 3])
    if known:
        return known
    head = view[at : at + HEADER]
    if head.startswith(b"ID3"):
        return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)), 0.0
    found = _mpeg_frame(head)
    if found:
        MPEG_FRAMES[head[:3]] = found
    return found


def _mpeg_frame(head: bytes) -> Frame | None:
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    bit_rate, rate = head[2] >> 4, (head[2] >> 2) & 3
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or version == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = V1_RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = BIT_RATES[first, layer][bit_rate] * 1000
    padding = (head[2] >> 1) & 1
    if layer == 1:
        return (12 * bits // hertz + padding) * 4, 384 / hertz
    samples = 1152 if first or layer == 2 else 576
    return samples // 8 * bits // hertz + padding, samples / hertz


def adts_frame(view: bytes, at: int) -> Frame | None:
    """Read the header at `at`, of which seven bytes are there; None if it is none."""
    rate = (view[at + 2] >> 2) & 15
    length = (view[at + 3] & 3) << 11 | view[at + 4] << 3 | view[at + 5] >> 5
    if view[at] != 0xFF or view[at + 1] & 0xF6 != 0xF0 or rate >= len(ADTS_RATES) or length < 7:
        return None
    return length, 1024 * ((view[at + 6] & 3) + 1) / ADTS_RATES[rate]
