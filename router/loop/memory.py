"""Memory that is freed and asked for again many times a second."""

from typing import Final

KEPT: Final = 16 * 1024 * 1024
"""Bytes. About so much freed memory the C library keeps, or takes again, without asking the system."""


def keep_freed_memory() -> None:
    """Let the C library keep what is freed: glibc gives back all beyond 128 KB, and answers and pictures are that much.

    To free a large block moves its bounds, `M_MMAP_THRESHOLD` to the block's size and `M_TRIM_THRESHOLD` to twice that
    (mallopt(3)); the block itself is never touched. Elsewhere nothing happens.
    """
    bytes(KEPT // 2)
