"""How many of something there were in the latest seconds, counted second by second: as much to keep however many there are."""

from collections import deque


class Window:
    """Counts calls of the latest `span` seconds, and how many of them, or beside them, are `marked`. Pure: it is told the time.

    The second under way counts as the first of them, so it reaches back for `span` seconds, or up to one less.
    """

    def __init__(self, span: int) -> None:
        self.span = span
        self.calls = self.marked = 0
        self.seconds: deque[tuple[int, int, int]] = deque()
        """Those that are over, the oldest first: which one, its calls and its marked ones."""
        self._present = 0
        self._sums = 0, 0

    def reach(self, now: float) -> None:
        """Forget what is too old by now."""
        second = int(now)
        if second == self._present:
            return
        calls, marked = self._sums
        self.seconds.append((self._present, self.calls - calls, self.marked - marked))
        while self.seconds and self.seconds[0][0] <= second - self.span:
            _, calls, marked = self.seconds.popleft()
            self.calls -= calls
            self.marked -= marked
        self._present, self._sums = second, (self.calls, self.marked)

    def clear(self) -> None:
        """Forget all."""
        self.calls = self.marked = 0
        self.seconds.clear()
        self._sums = 0, 0
