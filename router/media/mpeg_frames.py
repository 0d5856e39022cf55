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


def mp3_frame(head: bytes) -> tuple[int, float] | None:
    """Read ten bytes: (bytes to the next header, seconds), or None. An ID3v2 tag is a frame of no seconds."""
    if head.startswith(b"ID3"):
        return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True)), 0.0
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


def adts_frame(head: bytes) -> tuple[int, float] | None:
    """Read seven bytes or more: (bytes to the next header, seconds), or None."""
    rate = (head[2] >> 2) & 15
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or rate >= len(ADTS_RATES) or length < 7:
        return None
    return length, 1024 * ((head[6] & 3) + 1) / ADTS_RATES[rate]
