"""The voices as a worker lists them, asked for once in a process: they come with the engine, which does not change."""

from collections.abc import Sequence
from typing import Final

from plugins.embedded import jobs
from plugins.embedded.voices import Found
from router.media import Workers

Listed = tuple[Sequence[Found], Sequence[str]]


class Listing:
    """espeak-ng's voices and its variants. What a server's first process has listed, those that it forks know."""

    def __init__(self) -> None:
        self._listed: Listed | None = None

    async def read(self, workers: Workers) -> Listed:
        """Return them, from a worker if nobody has asked yet."""
        if self._listed is None:
            self._listed = await workers.call(jobs.list_voices)
        return self._listed


LISTING: Final = Listing()
