"""Chance that keeps to its shares, however few draws there are."""

from collections.abc import Mapping
from random import Random


class Deck:
    """Ways in random order, each as often as it should be in every so many draws."""

    def __init__(self, shares: Mapping[str, int], random: Random) -> None:
        self.shares = shares
        self.random = random
        self.cards: list[str] = []

    def draw(self) -> str:
        """Return the next."""
        if not self.cards:
            self.cards = [way for way, share in self.shares.items() for _ in range(share)]
            self.random.shuffle(self.cards)
        return self.cards.pop()
