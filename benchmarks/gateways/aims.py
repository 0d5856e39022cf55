"""What must be reached, as data: a measure, against whom, and how far it may go."""

from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.gateways.contestants import LITELLM, NGINX, PORTKEY
from benchmarks.gateways.figures import US, Figures
from benchmarks.gateways.measures import MEASURES


@dataclass(frozen=True)
class Aim:
    """Our figure, or its ratio to another's where `against` is given. The bound is the least where more is better."""

    measure: str
    bound: float
    against: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        measure = MEASURES[self.measure]
        return f"{measure.title}, to {self.against}'s" if self.against else measure.title

    @property
    def unit(self) -> str:
        """The unit of the bound."""
        return "x" if self.against else MEASURES[self.measure].unit

    @property
    def less_is_better(self) -> bool:
        """Whether the bound is the most."""
        return MEASURES[self.measure].less_is_better

    def values(self, figures: Figures) -> list[float]:
        """Return what was reached in each round; nothing where it was not measured."""
        if self.against is None:
            return figures.of(self.measure, US)
        return figures.ratios(self.measure, self.against)

    def reached(self, values: list[float]) -> bool:
        """Whether the median is within the bound."""
        middle = median(values)
        return middle <= self.bound if self.less_is_better else middle >= self.bound


AIMS: Final = (
    Aim("whole-64/cpu", 7, NGINX.name),
    Aim("whole-64/cpu", 1 / 35, LITELLM.name),
    Aim("whole-64/cpu", 1 / 7, PORTKEY.name),
    Aim("whole-1/p50", 4, NGINX.name),
    Aim("whole-1/p50", 1 / 15, LITELLM.name),
    Aim("whole-1/p50", 1 / 4, PORTKEY.name),
    Aim("whole-1/p99", 4, NGINX.name),
    Aim("whole-1/p99", 1 / 15, LITELLM.name),
    Aim("whole-1/p99", 1 / 4, PORTKEY.name),
    Aim("stream/first-p99", 2),
    Aim("paced/most", 0.5, NGINX.name),
    Aim("bulk/rate", 0.4, NGINX.name),
    Aim("upload-25-16/grown", 64),
    Aim("upload-25-64/grown", 64),
    Aim("upload-25-16/rate", 0.5, NGINX.name),
    Aim("upload-25-64/rate", 0.5, NGINX.name),
    Aim("scale/routes", 1.1),
    Aim("scale/teams", 1.1),
    Aim("scale/streams", 1.1),
    Aim("scale/ledger", 1.1),
    Aim("start/cold", 1.0),
    Aim("start/idle", 120),
    Aim("embedded/first", 15),
    Aim("embedded/portrait", 2),
)
