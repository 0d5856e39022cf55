"""`media-router explain`: who would serve a request, in what order, and why the others decline."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Annotated, Any, Final

import httpx
import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.config import ConfigOption, load_config, stop
from router.contract import MediaError, Task
from router.engine.clock import SystemClock
from router.engine.explain import Explanation, Standing
from router.engine.explain import explain as explain_request
from router.engine.fleet import Fleet
from router.engine.health import Health
from router.engine.policy import Field
from router.engine.registry import Registry
from router.engine.routing import RouteTable
from router.engine.settings import RouterSettings
from router.engine.texts import Texts
from router.engine.transport import client
from router.media import Workers, probe
from router.web.explain import QUESTIONS, Question, Subject, wanted_by
from router.web.intake import Intake
from router.web.wire import convert

KEY: Final = "MEDIA_ROUTER_KEY"
PATIENCE: Final = 30.0
"""Seconds for a running router to answer."""
STAND_INS: Final[Mapping[Subject, Mapping[str, Any]]] = {
    Subject.SPEECH: {"input": "Hello."},
    Subject.TRANSCRIPTION: {},
    Subject.AVATAR: {"ref_image": "https://example.com/face.png", "input": "https://example.com/voice.wav"},
}
"""What a request must have and a question may leave out. URLs are not fetched."""

FieldsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIELD=VALUE",
        help="What is asked for, in the words of POST /v1/explain, such as model=tts-1 voice=alloy "
        "response_format=opus or seconds=7200 language=fr. characters=3000 stands for a text that long; "
        "a value that begins with { or [ is JSON.",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(help=f"Ask a running router, whose targets' health is then shown; ${KEY} holds a team's key."),
]


def explain(
    fields: FieldsArgument = None,
    task: Annotated[Subject, typer.Option(help="What is to be done.")] = Subject.SPEECH,
    config: ConfigOption = None,
    url: UrlOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what POST /v1/explain answers.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Show who would be asked, in what order, and why the others decline; nobody is. Exit code 1 if nobody would be."""
    try:
        question = convert(asked(task, fields or ()), QUESTIONS[task])
        explained = over_http(url, question) if url else here(*load_config(config), question)
    except MediaError as error:
        stop(error.message)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(explained)).decode())
    else:
        Console().print(table(explained, live=url is not None))
    if not explained.targets:
        raise typer.Exit(1)


def asked(task: Subject, fields: Sequence[str]) -> dict[str, Any]:
    """Return the body of a question. Ends the command at what is not FIELD=VALUE."""
    given: dict[str, Any] = {}
    for field in fields:
        name, equals, value = field.partition("=")
        if not equals:
            stop(f"{field!r} is not of the form FIELD=VALUE")
        given[name] = parsed(name, value) if value.startswith(("{", "[")) else value
    if "characters" in given and task is not Subject.TRANSCRIPTION:
        text = "x" * count(given.pop("characters"))
        given |= {"input": text} if task is Subject.SPEECH else {"input_tts": {"input": text}}
    body = {**STAND_INS[task], **given, "task": task.value}
    if "input_tts" in given and "input" not in given:
        del body["input"]
    return body


def parsed(name: str, value: str) -> Any:
    """Return a value written as JSON, or end the command."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        stop(f"{name}: {error}")


def count(value: str) -> int:
    """Return how many characters, or end the command."""
    if not value.isdecimal():
        stop(f"characters must be a whole number, not {value!r}")
    return int(value)


def over_http(url: str, question: Question) -> Explanation:
    """Ask a running router; end the command with what it says if it cannot tell."""
    key = os.environ.get(KEY)
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/v1/explain", content=msgspec.json.encode(question), headers=headers, timeout=PATIENCE
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        stop(f"{url}: {error}")
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=Explanation)
        stop(f"{url}: {answer.json()['error']['message']}")
    except (msgspec.DecodeError, ValueError, LookupError, TypeError):
        stop(f"{url} answers {answer.status_code}, but not as a media-router does")


def here(settings: RouterSettings, registry: Registry, question: Question) -> Explanation:
    """Start the providers to learn their offers, and explain by those. Raises `MediaError`."""
    return asyncio.run(by_offers(settings, registry, question))


async def by_offers(settings: RouterSettings, registry: Registry, question: Question) -> Explanation:
    """Enter the providers, choose among their offers as the engine would, leave them."""
    clock, random = SystemClock(), Random()  # noqa: S311 - spreads load, guards nothing
    async with Workers(1) as workers, Fleet(settings.providers, registry.kinds, client, clock) as fleet:
        with Intake(partial(probe, workers)) as intake:
            wanted = await wanted_by(question, intake)
        routes = RouteTable(settings.routes, fleet.offers)
        route = routes.find(Task(task_of(question)), wanted.model)
        kinds = {name: provider.kind for name, provider in settings.providers.items()}
        unspoken = Texts(routes, settings.voices).why_not
        field = Field(fleet.offers, kinds, settings.voices, Health(random), random, unspoken)
        return explain_request(wanted, route, field, clock.now())


def task_of(question: Question) -> str:
    """Return what a question is about."""
    return str(type(question).__struct_config__.tag)


def table(explained: Explanation, *, live: bool) -> Table:
    """Return a table of those who would be tried, in order, then of those who decline; `live` adds their health."""
    title = f"Route {explained.route}: at most {explained.attempts} attempts within {explained.deadline:g} s"
    made = Table("", "target", "kind", "model", "why", title=escape(title))
    for column in made.columns:
        column.overflow = "fold"
    for at, one in enumerate(explained.targets, 1):
        why = health(one) if live else "can serve it"
        made.add_row(str(at), *map(escape, (one.target, one.kind, one.model, why)))
    for target, reason in explained.declined.items():
        made.add_row("-", escape(target), "", "", escape(reason), style="dim")
    return made


def health(one: Standing) -> str:
    """Return how a target stands now, in words."""
    told = ["free" if one.free else "not free"]
    if one.blocked_for:
        told.append(f"asked to be left alone for {one.blocked_for:.0f} s")
    if one.breaker != "closed":
        told.append(f"breaker {one.breaker}")
    if one.first_byte is not None:
        told.append(f"first byte in {one.first_byte:.2f} s")
    return ", ".join([*told, f"{one.load} at work"])
