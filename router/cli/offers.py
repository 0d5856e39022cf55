"""`media-router offers`: what the configured providers say they can do, asked of them themselves."""

from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from router.cli.config import ConfigOption, load_config
from router.cli.rehearsal import Offers, rehearse, stop_if_unoffered
from router.contract import Limits, SpeechLimits

SHOWN_APART: Final = frozenset({"formats", "languages", "voices", "variants"})
FEW: Final = 6


def offers(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, voices included, as JSON.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Start the providers and show what each of them offers. Exit code 2 if routes ask for more."""
    settings, registry = load_config(config)
    found = rehearse(settings, registry)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(listed(found))).decode())
    else:
        Console().print(table(found))
    stop_if_unoffered(settings, found)


def listed(found: Offers) -> list[dict[str, Any]]:
    """Return the offers as JSON values."""
    return [
        {
            "provider": provider,
            "task": task,
            "models": offer.models,
            "limits": msgspec.to_builtins(offer.limits, order="sorted"),
        }
        for (provider, task), offer in found.items()
    ]


def table(found: Offers) -> Table:
    """Return a table with a row for each offer."""
    made = Table("provider", "task", "models", "formats", "voices", "languages", "limits", title="Offers")
    for column in made.columns:
        column.overflow = "fold"
    for (provider, task), offer in found.items():
        formats = ", ".join(getattr(offer.limits, "formats", ()))
        made.add_row(
            provider,
            task,
            ", ".join(offer.models),
            formats,
            voices(offer.limits),
            languages(offer.limits),
            rest(offer.limits),
        )
    return made


def voices(limits: Limits) -> str:
    """Return how many voices there are to choose from."""
    if not isinstance(limits, SpeechLimits):
        return ""
    return "any" if limits.voices is None else str(len(limits.voices))


def languages(limits: Limits) -> str:
    """Return the languages, or how many when they are more than a few."""
    known: frozenset[str] | None = getattr(limits, "languages", frozenset())
    if known is None:
        return "any"
    return ", ".join(sorted(known)) if len(known) <= FEW else str(len(known))


def rest(limits: Limits) -> str:
    """Return the limits that have no column of their own."""
    values = {name: getattr(limits, name) for name in limits.__struct_fields__ if name not in SHOWN_APART}
    return ", ".join(told for name, value in values.items() if (told := in_words(name, value)))


def in_words(name: str, value: Any) -> str:
    """Return one limit as `name`, `name value`, or nothing where it does not apply."""
    if value is True or isinstance(value, msgspec.Struct):
        return name
    if value is None or value is False or value in ((), frozenset()):
        return ""
    if isinstance(value, tuple):
        return f"{name} {' '.join(map(str, value))}"
    if isinstance(value, frozenset):
        return f"{name} {' '.join(sorted(map(str, value)))}"
    return f"{name} {value}"
