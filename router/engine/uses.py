"""How many are at work on something that is to be closed once the last of them has left."""

import asyncio


class Uses:
    """`with uses:` around each piece of work, as many at once as there are."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: asyncio.Event | None = None

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1
        if not self.count and self._waiting is not None:
            self._waiting.set()
            self._waiting = None

    async def over(self) -> None:
        """Wait until nobody is at work."""
        if self.count:
            self._waiting = self._waiting or asyncio.Event()
            await self._waiting.wait()
