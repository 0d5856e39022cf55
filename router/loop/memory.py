"""Memory that is freed and asked for again many times a second."""

from typing import Final

KEPT: Final = 16 * 1024 * 1024
"""Bytes: what answers and pictures take that are under way at once."""


def keep_freed_memory(kept: int = KEPT) -> None:
    """Let the C library keep about so many bytes that are freed, up to 64 MB: glibc gives back all beyond 128 KB.

    To free a large block moves its bounds, `M_MMAP_THRESHOLD` to the block's size and `M_TRIM_THRESHOLD` to twice that
    (mallopt(3)); the block itself is never touched. Elsewhere nothing happens.
    """
    bytes(kept // 2)
