"""From the `model` a caller names to the route that serves it."""

from collections.abc import Mapping, Sequence

from router.contract import AnyOffer, NotFound, Task
from router.engine.settings import Route, Target, Tier

DIRECT = "direct"
"""The route's name, in metrics too, when a caller addresses `provider/model` itself."""


class RouteTable:
    """Finds routes by name, by model alias, or by `provider/model`."""

    def __init__(self, routes: Sequence[Route], offers: Mapping[tuple[str, Task], AnyOffer]) -> None:
        self.routes = routes
        self.offers = offers
        self._first = {route.task: route for route in reversed(routes)}
        self._named = {(route.task, name): route for route in routes for name in (route.name, *route.models)}

    def find(self, task: Task, model: str | None) -> Route:
        """Return the route for a model; the task's first when none is named.

        Raises `NotFound` with code `model_not_found`.
        """
        if model is None:
            first = self._first.get(task)
            if first is None:
                raise NotFound(f"no route is configured for {task}", code="model_not_found", param="model")
            return first
        route = self._named.get((task, model)) or self._direct(task, model)
        if route is None:
            raise NotFound(
                f"no route for {task} serves the model {model!r}; GET /v1/models lists them",
                code="model_not_found",
                param="model",
            )
        return route

    def _direct(self, task: Task, model: str) -> Route | None:
        provider, _, there = model.partition("/")
        offer = self.offers.get((provider, task))
        if offer is None or there not in offer.models:
            return None
        return Route(name=DIRECT, task=task, tiers=(Tier(targets=(Target(provider=provider, model=there),)),))
