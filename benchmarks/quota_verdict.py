"""What a quota soak saw, and what of it must not be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

COST: Final = 50
"""Characters of every text, so of every reservation."""
SPARE: Final = 49
"""Characters of the quota that no text fits into: to the unit so many must be left in the end."""


@dataclass
class Figures:
    """What callers were told, by status; how many texts were spoken and served uncounted; what is left of the quota."""

    fail: str
    requests: int
    killed: int
    answers: Counter[int] = field(default_factory=Counter)
    spoken: int = 0
    unmetered: int = 0
    left: int = -1
    away: bool = False
    back: bool = False

    @property
    def fitting(self) -> int:
        """How many texts the quota has room for: three in five of those that are asked for."""
        return self.requests * 3 // 5

    @property
    def quota(self) -> int:
        """The quota, in characters."""
        return self.fitting * COST + SPARE

    @property
    def granted(self) -> int:
        """How many requests were answered."""
        return self.answers[200]

    def read(self, told: bytes) -> None:
        """Take in what the vendor wrote at its end."""
        self.spoken = int(told)

    def breaches(self) -> Iterator[str]:
        """Yield what was promised and is not so."""
        if self.granted - self.unmetered > self.fitting:
            yield f"{self.granted - self.unmetered} texts were counted and served, and the quota has room for {self.fitting}"
        if self.fail == "closed" and self.granted != self.fitting:
            yield f"{self.granted} texts were served, and the quota has room for {self.fitting}"
        if self.spoken != self.granted:
            yield f"the vendor spoke {self.spoken} texts, and {self.granted} were served"
        if self.left != max(self.quota - self.granted * COST, 0):
            yield f"{self.left} characters are said to be left of {self.quota}, of which {self.granted * COST} are spoken"
        if self.fail == "closed" and self.unmetered:
            yield f"{self.unmetered} requests went uncounted"
        if self.fail == "open" and self.answers[503]:
            yield f"{self.answers[503]} requests were refused since nobody counted"
        if self.killed and not (self.away and self.back):
            yield "no metric said that the server was away, or that it was back"

    def __str__(self) -> str:
        told = ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))
        return (
            f"quota, {self.fail}, server killed {self.killed} times: {told}; {self.granted * COST} of {self.quota} "
            f"characters spoken, {self.left} left, {self.unmetered} requests uncounted"
        )
