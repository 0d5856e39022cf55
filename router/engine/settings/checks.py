"""What only the whole tree shows: names that lead nowhere, names that are taken, limits that contradict."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Final

from router.contract import Task
from router.engine.settings.problems import Path, Problem, rendered, suggestion
from router.engine.settings.scenarios import BUILT_IN
from router.engine.settings.tree import RouterSettings, Splice

Found = Iterator[Problem]

HEDGED: Final = (Task.SPEECH, Task.TRANSCRIPTION)
"""Tasks whose answers cost little and change nothing, so that asking two providers at once is harmless."""


def cross_checks(tree: RouterSettings) -> list[Problem]:
    """Return everything that is wrong between the parts of a tree; faulty parts hold blanks, which are passed over."""
    return [problem for check in CHECKS for problem in check(tree)]


def targets_lead_somewhere(tree: RouterSettings) -> Found:
    """Every target names a provider."""
    for at, route in enumerate(tree.routes):
        for row, tier in enumerate(route.tiers):
            for column, target in enumerate(tier.targets):
                path = ("routes", at, "tiers", row, "targets", column, "provider")
                yield from _known(tree, target.provider, path)


def voices_lead_somewhere(tree: RouterSettings) -> Found:
    """Every voice is mapped for providers that exist."""
    for voice, mapped in tree.voices.items():
        for provider in mapped:
            yield from _known(tree, provider, ("voices", voice, provider))


def _known(tree: RouterSettings, provider: str, path: Path) -> Found:
    if provider and provider not in tree.providers:
        yield tree.source.problem(path, f"no provider {provider!r}", suggestion(provider, tree.providers))


def scenarios_lead_somewhere(tree: RouterSettings) -> Found:
    """Every scenario that is written down names routes that are there, or leaves it to a task that has some."""
    written = {} if tree.scenarios is BUILT_IN else tree.scenarios
    for name, scenario in written.items():
        for task in (Task.TRANSCRIPTION, Task.CHAT, Task.SPEECH):
            yield from _stage(tree, name, task, getattr(scenario, task))


def _stage(tree: RouterSettings, scenario: str, task: Task, asked: str | None) -> Found:
    models = [one for route in tree.routes if route.task is task for one in (route.name, *route.models) if one]
    if asked is None and not models:
        yield tree.source.problem(("scenarios", scenario), f"a conversation needs a route for {task}")
    elif asked and asked not in models and asked.partition("/")[0] not in tree.providers:
        yield tree.source.problem(
            ("scenarios", scenario, task.value), f"no route for {task} serves {asked!r}", suggestion(asked, models)
        )


def prices_lead_somewhere(tree: RouterSettings) -> Found:
    """Every price is some provider's."""
    for target in tree.prices.targets:
        yield from _known(tree, target.partition("/")[0], ("prices", "targets", target))


def names_are_free(tree: RouterSettings) -> Found:
    """Two routes, or two teams, have two names."""
    named = {"routes": [route.name for route in tree.routes], "teams": [team.name for team in tree.teams]}
    for section, names in named.items():
        taken: dict[str, Path] = {}
        for at, name in enumerate(names):
            path = (section, at, "name")
            first = taken.setdefault(name, path)
            if name and first != path:
                yield tree.source.problem(path, f"the name {name!r} is taken", _already(tree, first))


def models_are_unambiguous(tree: RouterSettings) -> Found:
    """Within a task a model, or a route's name that serves as one, leads to one route and is named there once."""
    taken: dict[tuple[Task, str], Path] = {}
    for at, route in enumerate(tree.routes):
        taken.setdefault((route.task, route.name), ("routes", at, "name"))
    for at, route in enumerate(tree.routes):
        for index, model in enumerate(route.models):
            path = ("routes", at, "models", index)
            first = taken.setdefault((route.task, model), path)
            if route.task and model and first != path:
                yield tree.source.problem(
                    path, f"the model {model!r} is taken among routes for {route.task}", _already(tree, first)
                )


def limits_agree(tree: RouterSettings) -> Found:
    """No part of a request is allowed to take longer than the whole."""
    for at, route in enumerate(tree.routes):
        for limit in ("first_byte", "gap"):
            allowed: float = getattr(route, limit) or 0.0
            if route.deadline and allowed > route.deadline:
                yield tree.source.problem(
                    ("routes", at, limit),
                    f"{allowed:g} s is longer than the deadline, {route.deadline:g} s",
                )
        if route.total and route.total < (route.deadline or 0.0):
            yield tree.source.problem(
                ("routes", at, "total"), f"{route.total:g} s is shorter than the deadline, {route.deadline:g} s"
            )


def hedges_can_be_made(tree: RouterSettings) -> Found:
    """A hedged route does a task of which two answers are harmless, and has a second provider and attempt for it."""
    for at, route in enumerate(tree.routes):
        path = ("routes", at, "hedge")
        providers = {target.provider for tier in route.tiers for target in tier.targets}
        if not route.hedge:
            continue
        if route.task and route.task not in HEDGED:
            yield tree.source.problem(
                path, f"a route for {route.task} is never hedged", f"hedged are {' and '.join(HEDGED)}"
            )
        if len(providers) == 1:
            yield tree.source.problem(path, "a hedge asks a second provider, and the route has only one")
        if route.attempts == 1:
            yield tree.source.problem(path, "a hedge is a second attempt, and the route allows only one")


def splices_are_of_speech(tree: RouterSettings) -> Found:
    """Only speech can be resumed at a sentence."""
    for at, route in enumerate(tree.routes):
        if route.splice and route.splice is not Splice.NEVER and route.task and route.task is not Task.SPEECH:
            yield tree.source.problem(
                ("routes", at, "splice"), f"a route for {route.task} is never spliced", "only speech has sentences"
            )


def caches_are_of_speech(tree: RouterSettings) -> Found:
    """Only speech is kept for others who ask for the same."""
    for at, route in enumerate(tree.routes):
        if route.cache is not None and route.task and route.task is not Task.SPEECH:
            yield tree.source.problem(
                ("routes", at, "cache"), f"a route for {route.task} is never cached", "only speech is"
            )


def keys_are_one_teams(tree: RouterSettings) -> Found:
    """A key tells which team is calling, so no two may share it."""
    taken: dict[str, Path] = {}
    for at, team in enumerate(tree.teams):
        for index, key in enumerate(team.keys):
            path = ("teams", at, "keys", index)
            first = taken.setdefault(key, path)
            if key and first != path:
                yield tree.source.problem(path, "the key is given twice", _already(tree, first))


def teams_lead_somewhere(tree: RouterSettings) -> Found:
    """Every route that a team may use is there."""
    routes = [route.name for route in tree.routes]
    for at, team in enumerate(tree.teams):
        for index, name in enumerate(team.routes):
            if name and name not in routes:
                yield tree.source.problem(
                    ("teams", at, "routes", index), f"no route {name!r}", suggestion(name, filter(None, routes))
                )


def limits_are_kept(tree: RouterSettings) -> Found:
    """What several processes count is counted in one place."""
    limited = next((at for at, team in enumerate(tree.teams) if team.limits), None)
    if limited is not None and tree.storage.limits is None and (tree.server.workers or 1) > 1:
        yield tree.source.problem(
            ("teams", limited, "limits"),
            f"{tree.server.workers} processes would each allow this much",
            "name a Redis or Valkey in `storage.limits`, or serve with one of `workers`",
        )


def concurrency_can_be_shared(tree: RouterSettings) -> Found:
    """Every process gets at least one of the calls that a provider takes at once."""
    for name, account in tree.providers.items():
        if account.concurrency and account.concurrency < (tree.server.workers or 1):
            yield tree.source.problem(
                ("providers", name, "concurrency"),
                f"{tree.server.workers} processes cannot share {account.concurrency}",
                f"allow at least {tree.server.workers}, or serve with fewer `workers`",
            )


def money_is_one_currency(tree: RouterSettings) -> Found:
    """Money that is limited is of the currency that prices are in."""
    for at, team in enumerate(tree.teams):
        currencies = {one.currency for one in team.limits.allowances if one.currency} if team.limits else set()
        others = currencies - {tree.prices.currency}
        if others and tree.prices.currency:  # without one it was complained about before
            yield tree.source.problem(
                ("teams", at, "limits", "spend"), f"is in {min(others)}, and `prices` are in {tree.prices.currency}"
            )


def networks_are_networks(tree: RouterSettings) -> Found:
    """Where webhooks may go, who may read metrics, and which proxies are believed, is said in CIDR notation."""
    names = ("webhook_networks", "metrics_networks", "trusted_proxies")
    written: dict[str, tuple[str, ...]] = {name: getattr(tree.server, name) for name in names}
    for name, at, network in ((name, at, one) for name, given in written.items() for at, one in enumerate(given)):
        try:
            ip_network(network)
        except ValueError:
            yield tree.source.problem(
                ("server", name, at), f"{network!r} is no network", "write it as 10.0.0.0/8 or fd00::/8"
            )


def open_only_at_home(tree: RouterSettings) -> Found:
    """Without teams anybody may call, so nobody beyond this machine may be able to."""
    if tree.server.host and not tree.teams and not is_loopback(tree.server.host):
        yield tree.source.problem(
            ("server", "host"),
            f"with no teams the router is open to everyone, and {tree.server.host!r} can be reached from elsewhere",
            "configure teams, or listen on '127.0.0.1'",
        )


def is_loopback(host: str) -> bool:
    """Whether a host to listen on can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _already(tree: RouterSettings, path: Path) -> str:
    line, _ = tree.source.places.get(path, (0, 0))
    return f"{rendered(path)} on line {line} has it"


CHECKS: Final[tuple[Callable[[RouterSettings], Found], ...]] = (
    targets_lead_somewhere,
    voices_lead_somewhere,
    prices_lead_somewhere,
    scenarios_lead_somewhere,
    names_are_free,
    models_are_unambiguous,
    limits_agree,
    hedges_can_be_made,
    splices_are_of_speech,
    caches_are_of_speech,
    keys_are_one_teams,
    teams_lead_somewhere,
    limits_are_kept,
    concurrency_can_be_shared,
    money_is_one_currency,
    networks_are_networks,
    open_only_at_home,
)
