"""The command `media-router`. A command's module is imported when it is run, so that `--help` stays fast."""

from collections.abc import Mapping
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from router.cli.loading import imported

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "serve": ("router.cli.serve:serve", "Serve requests until told to stop."),
    "demo": ("router.cli.demo:demo", "Speak, write down and animate on this machine, behind a provider that fails."),
    "check": ("router.cli.check:check", "Say whether the configuration is right, and show what it sets up."),
    "doctor": ("router.cli.doctor:doctor", "Try whatever the router depends on, without spending; say what to mend."),
    "offers": ("router.cli.offers:offers", "Start the providers and show what each of them offers."),
    "explain": ("router.cli.explain:explain", "Show who would be asked, in what order, and why the others decline."),
    "jobs": ("router.cli.jobs:jobs", "List videos made in the background, show, retry or cancel one."),
    "work": ("router.cli.work:work", "Work on jobs until told to stop; serve neither requests nor metrics."),
    "webhook": ("router.cli.webhook:webhook", "Verify a webhook, list those that were sent, send one anew."),
    "keys": ("router.cli.keys:keys", "Make, list and revoke keys that teams call with."),
    "usage": ("router.cli.usage:usage", "Show what teams used and what it cost: table, chart, CSV or JSON."),
    "schema": ("router.cli.schema:schema", "Print the JSON schema of the configuration, for editors."),
}
"""Name to the function that is the command, or the typer of several, and its line in `--help`."""


class Deferred(TyperCommand):
    """A command that is known by its summary until somebody runs it or asks for its help."""

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.target = target

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command and go on with it."""
        return self.resolve().make_context(info_name, args, parent, **extra)

    def resolve(self) -> Any:
        """Import the function, or the typer, and return the command typer makes of it."""
        found = imported(self.target)
        if isinstance(found, typer.Typer):
            found.info.help = self.help
            return typer.main.get_command(found)
        one = typer.Typer(add_completion=False)
        one.command(self.name, help=self.help)(found)
        return typer.main.get_command(one)


class Commands(TyperGroup):
    """All the commands, none of them imported yet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, (target, summary) in COMMANDS.items():
            self.add_command(Deferred(name, target, summary))


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def media_router() -> None:
    """One internal endpoint for speech, transcription and talking heads."""
