"""When a turn got where, in seconds from the end of its question."""

from router.engine.clock import Clock


class Times:
    """Notes of one turn. Each moment is noted once: the first time counts."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.began = clock.now()
        self.at: dict[str, float] = {}

    def asked(self) -> None:
        """The question has ended: everything counts from here."""
        self.began = self.clock.now()

    def heard(self) -> None:
        """Its words are settled."""
        self._note("heard")

    def thought(self) -> None:
        """The first sentence of the reply is there."""
        self._note("thought")

    def sounded(self) -> None:
        """Its first sound is there."""
        self._note("sounded")

    def elapsed(self) -> float:
        """Return the seconds until now."""
        return self.clock.now() - self.began

    def between(self, earlier: str | None, later: str) -> float | None:
        """Return the seconds from one moment, or the beginning, to another; None if either was not reached."""
        start = self.at.get(earlier) if earlier else 0.0
        end = self.at.get(later)
        return None if start is None or end is None else end - start

    def _note(self, moment: str) -> None:
        self.at.setdefault(moment, self.elapsed())
