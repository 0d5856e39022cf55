"""What can be checked only once the providers have said what they offer."""

from collections.abc import Iterator, Mapping

from router.contract import AnyOffer, SpeechLimits, Task
from router.engine.settings.problems import Path, Problem, nearest, suggestion
from router.engine.settings.tree import RouterSettings, Target

Offers = Mapping[tuple[str, Task], AnyOffer]
"""Provider's name and task to the offer it makes."""


def unoffered(tree: RouterSettings, offers: Offers) -> list[Problem]:
    """Return the targets, voices and prices of the configuration that no provider would honour."""
    return [*_targets(tree, offers), *_voices(tree, offers), *_prices(tree, offers)]


def _targets(tree: RouterSettings, offers: Offers) -> Iterator[Problem]:
    for at, route in enumerate(tree.routes):
        for row, tier in enumerate(route.tiers):
            for column, target in enumerate(tier.targets):
                path = ("routes", at, "tiers", row, "targets", column)
                yield from _target(tree, offers, (target, route.task), path)


def _target(tree: RouterSettings, offers: Offers, asked: tuple[Target, Task], path: Path) -> Iterator[Problem]:
    target, task = asked
    offer = offers.get((target.provider, task))
    if offer is None:
        other = [str(offered) for provider, offered in offers if provider == target.provider]
        hint = f"it offers {', '.join(other)}" if other else "it offers nothing"
        yield tree.source.problem((*path, "provider"), f"provider {target.provider!r} offers no {task}", hint)
    elif target.model is not None and offer.models and target.model not in offer.models:
        yield tree.source.problem(
            (*path, "model"),
            f"provider {target.provider!r} has no model {target.model!r} for {task}",
            suggestion(target.model, offer.models),
        )


def _voices(tree: RouterSettings, offers: Offers) -> Iterator[Problem]:
    for logical, mapped in tree.voices.items():
        for provider, voice in mapped.items():
            offer = offers.get((provider, Task.SPEECH))
            limits = offer.limits if offer else None
            path = ("voices", logical, provider)
            if not isinstance(limits, SpeechLimits):
                yield tree.source.problem(path, f"provider {provider!r} offers no speech, so it has no voices")
            elif not limits.knows_voice(voice):
                known = [one.id for one in limits.voices or ()]
                yield tree.source.problem(path, f"provider {provider!r} has no voice {voice!r}", _near(voice, known))


def _prices(tree: RouterSettings, offers: Offers) -> Iterator[Problem]:
    for target in tree.prices.targets:
        provider, _, model = target.partition("/")
        known = [one for (whose, _), offer in offers.items() if whose == provider for one in offer.models]
        if model and known and model not in known:
            yield tree.source.problem(
                ("prices", "targets", target), f"provider {provider!r} has no model {model!r}", suggestion(model, known)
            )


def _near(voice: str, known: list[str]) -> str:
    """Return the nearest voice; an account may have hundreds, too many to list."""
    near = nearest(voice, known)
    return f"did you mean {near!r}?" if near else "`media-router offers --json` lists them"
