"""What is wrong with a configuration, said so that it can be put right without asking anybody."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import msgspec

Path = tuple[str | int, ...]
"""Where in the configuration: keys and list indices from the root down."""


class Problem(msgspec.Struct, frozen=True):
    """One fault. `line` and `column` count from 1 and are 0 where the file as a whole is meant."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        told = f"{self.message}; {self.hint}" if self.hint else self.message
        return f"{place}: {self.path}: {told}" if self.path else f"{place}: {told}"


class SettingsError(Exception):
    """The configuration cannot be used; `problems` are all that was found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class Refused(Exception):
    """One value will not do; whoever reads it knows where it stands and makes a `Problem` of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def rendered(path: Path) -> str:
    """Return a path as people write it: `routes[0].tiers[1].pick`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Return a hint: the nearest allowed word, or all of them when none is near."""
    words = list(allowed)
    if (near := nearest(given, words)) is not None:
        return f"did you mean {near!r}?"
    return f"allowed: {', '.join(words)}" if words else "there are none"


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that was probably meant, if there is one."""
    return next(iter(get_close_matches(given, list(allowed), n=1)), None)
