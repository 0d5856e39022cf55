"""How many are at work on something that is to be closed once the last of them has left."""

import asyncio


class Uses:
    """`with uses:` around each piece of work, as many at once as there are."""

    def __init__(self) -> None:
        self.count = 0
        self._over = asyncio.Event()
        self._over.set()

    def __enter__(self) -> None:
        self.count += 1
        self._over.clear()

    def __exit__(self, *_: object) -> None:
        self.count -= 1
        if not self.count:
            self._over.set()

    async def over(self) -> None:
        """Wait until nobody is at work."""
        await self._over.wait()
