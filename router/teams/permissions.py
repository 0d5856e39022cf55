"""Which routes and models a team may use."""

from collections.abc import Iterator, Mapping, Sequence

from router.contract import (
    AvatarRequest,
    ChatRequest,
    NotAllowed,
    Request,
    SpeechRequest,
    Task,
    TranscriptionRequest,
    voices_of,
)
from router.engine.settings import Route, Team

TASKS: Mapping[type[Request], Task] = {
    SpeechRequest: Task.SPEECH,
    TranscriptionRequest: Task.TRANSCRIPTION,
    AvatarRequest: Task.AVATAR,
    ChatRequest: Task.CHAT,
}


class Names:
    """The routes by what callers call them: within a task by name and by model, and the first for those that name none."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        self._named = {(route.task, name): route for route in routes for name in (route.name, *route.models)}
        self._first: dict[Task, Route] = {}
        for route in routes:
            self._first.setdefault(route.task, route)

    def route(self, task: Task, model: str | None) -> Route | None:
        """Return the route that a model leads to, None where it is no route's: `provider/model`, or a mistake."""
        return self._first.get(task) if model is None else self._named.get((task, model))


class Permission:
    """What one team may use: `routes` and `models`, of which an empty one leaves everything open.

    With either of them a `provider/model` must be among the models.
    """

    def __init__(self, team: Team, names: Names) -> None:
        self.names = names
        self._routes = frozenset(team.routes)
        self._models = frozenset(team.models)

    def check(self, request: Request) -> None:
        """Refuse what the team may not ask for; text that is spoken for a film asks for speech too. Raises `NotAllowed`."""
        for task, model in wanted(request):
            if not self.may(task, model):
                named = "no model" if model is None else f"the model {model[:60]!r}"
                raise NotAllowed(
                    f"this team may not use {named} for {task.value}; GET /v1/models lists what it may use",
                    code="model_not_allowed", param="model",
                )  # fmt: skip

    def may(self, task: Task, model: str | None) -> bool:
        """Whether the team may name this model, or none."""
        route = self.names.route(task, model)
        if route is None:
            return model in self._models
        if not self.sees(route):
            return False
        return not self._models or model is None or model in self._models

    def sees(self, route: Route) -> bool:
        """Whether the team may use a route, by some name."""
        if self._routes and route.name not in self._routes:
            return False
        return not self._models or any(name in self._models for name in (route.name, *route.models))

    def reaches(self, provider: str, task: Task) -> bool:
        """Whether a provider may do a task for the team: as a target of one of its routes, or addressed by one of its models."""
        if any(model.partition("/")[0] == provider for model in self._models if self.names.route(task, model) is None):
            return True
        seen = (route for route in self.names.routes if route.task is task and self.sees(route))
        return any(target.provider == provider for route in seen for tier in route.tiers for target in tier.targets)


def wanted(request: Request) -> Iterator[tuple[Task, str | None]]:
    """Yield each task that a request asks for, and the model it names."""
    yield TASKS[type(request)], request.model
    if isinstance(request, AvatarRequest):
        yield from ((Task.SPEECH, voice.model) for voice in voices_of(request) if isinstance(voice, SpeechRequest))


def restricted(teams: Sequence[Team], names: Names) -> dict[str, Permission]:
    """Return the permissions of those teams that may not use everything."""
    return {team.name: Permission(team, names) for team in teams if team.routes or team.models}
