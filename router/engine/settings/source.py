"""Where each part of a configuration was written, kept for problems that show only later."""

from collections.abc import Mapping

import msgspec

from router.engine.settings.problems import Path, Problem, rendered

Place = tuple[int, int]
"""Line and column, from 1."""


class Source(msgspec.Struct, frozen=True, eq=False):
    """A file and the place of every path in it. All sources are equal: they say nothing about the settings."""

    file: str = ""
    places: Mapping[Path, Place] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source)

    def __hash__(self) -> int:
        return hash(Source)

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """Return a problem at `path`, or at the nearest thing above it that was written."""
        here = next((path[:n] for n in range(len(path), -1, -1) if path[:n] in self.places), ())
        line, column = self.places.get(here, (0, 0))
        return Problem(self.file, line, column, rendered(path), message, hint)
