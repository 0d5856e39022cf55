"""WS /v1/realtime: OpenAI's dialect of conversations.

The contract is OpenAI's API reference as its own client has it: `openai.types.realtime` of the `openai` package 3.52, and
for clients that send `OpenAI-Beta: realtime=v1` `openai.types.beta.realtime`. docs/voice.md says what is left out.
"""

from urllib.parse import parse_qs

from litestar import asgi
from litestar.types import Receive, Scope, Send

from router.contract import ChatRequest, Inline, Task, TranscriptionRequest
from router.engine.settings.scenarios import Scenario, named
from router.web.realtime.session import Session
from router.web.realtime.settings import Settings
from router.web.realtime.telling import Pen
from router.web.realtime.tongue import Realtime
from router.web.realtime.vocabulary import BETA, HEADER, PRESENT, PROTOCOL, VALUE
from router.web.site import Site
from router.web.voice_socket import Caller, converse

__all__ = ["hold_session"]


@asgi("/v1/realtime", copy_scope=False)
async def hold_session(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold a session of the Realtime API: docs/voice.md."""
    await converse(scope, receive, send, speaking)


def speaking(caller: Caller) -> Realtime:
    """Return how to speak with a client. Raises `NotFound` for a model that is neither a scenario nor a chat model."""
    site = caller.site
    beta = VALUE in caller.headers.get(HEADER, "") or PROTOCOL in caller.offered
    asked = parse_qs(caller.scope["query_string"].decode("latin-1")).get("model", [None])[0]
    scenario, settings = chosen(site, asked)
    pen = Pen(BETA if beta else PRESENT, site.new_id)
    return Realtime(Session(settings, pen, scenario.longest, Models(site).check))


def chosen(site: Site, asked: str | None) -> tuple[Scenario, Settings]:
    """Return the scenario that a model means, and a session's settings in it."""
    scenarios = site.talks.scenarios
    name = named(scenarios, asked)
    chat = None
    if name is None:
        Models(site).check(Task.CHAT, asked or "")
        name, chat = named(scenarios, None), asked
    scenario = scenarios[name or ""]
    settings = Settings(
        model=asked or name or "",
        scenario=name,
        chat=chat,
        default_instructions=scenario.prompt,
        default_voice=scenario.voice,
    )
    return scenario, settings


class Models:
    """What a site's routes serve."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def check(self, task: Task, model: str) -> None:
        """Raise `NotFound` for a model that no route of a task serves."""
        request = (
            ChatRequest(messages=(), model=model)
            if task is Task.CHAT
            else TranscriptionRequest(audio=Inline(b"", "audio/wav"), model=model)
        )
        self.site.engine.explain(task, request)
