"""Saying what has to hold: checks that ship cannot lean on pytest's rewritten `assert`."""

from typing import Any


def claim(holds: object, otherwise: str) -> None:
    """Raise AssertionError with the message unless it holds."""
    if not holds:
        raise AssertionError(otherwise)


def same(got: Any, expected: Any, what: str) -> None:
    """Raise AssertionError showing both unless they are equal."""
    claim(got == expected, f"{what}\n  expected: {expected!r}\n       got: {got!r}")
