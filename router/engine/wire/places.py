"""How many may have a connection at once; who finds no place waits in turn."""

import asyncio
from collections import deque


class Places:
    """So many places, of which `free` are left. One that is given back passes from hand to hand while anybody waits."""

    def __init__(self, free: int) -> None:
        self.free = free
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a place if one is free, which asyncio's own semaphore cannot without a wait."""
        if not self.free:
            return False
        self.free -= 1
        return True

    async def wait(self) -> None:
        """Wait for a place that somebody gives back."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if not turn.cancelled():  # the place came just as its taker stopped waiting for it
                self.give_back()
            elif turn in self._waiting:  # nor was it passed over meanwhile
                self._waiting.remove(turn)
            raise

    def give_back(self) -> None:
        """Hand a place to whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1
