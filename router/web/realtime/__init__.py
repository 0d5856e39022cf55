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
from router.web.voice_socket import Caller, converse

__all__ = ["hold_session"]


@asgi("/v1/realtime", copy_scope=False)
async def hold_session(scope: Scope, receive: Receive, send: Send) -> None:
    """Hold a session of the Realtime API: docs/voice.md."""
    await converse(scope, receive, send, speaking)


def speaking(caller: Caller) -> Realtime:
    """Return how to speak with a client. Raises `NotFound` for a model that is neither a scenario nor a chat model."""
    beta = VALUE in caller.headers.get(HEADER, "") or PROTOCOL in caller.offered
    asked = parse_qs(caller.scope["query_string"].decode("latin-1")).get("model", [None])[0]
    models = Models(caller)
    scenario, settings = models.chosen(asked)
    pen = Pen(BETA if beta else PRESENT, caller.site.new_id)
    return Realtime(Session(settings, pen, scenario.longest, models.check))


class Models:
    """What the routes and scenarios in force serve, which may change while a socket is open."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def check(self, task: Task, model: str) -> None:
        """Raise `NotFound` for a model that no route of a task serves."""
        request = (
            ChatRequest(messages=(), model=model)
            if task is Task.CHAT
            else TranscriptionRequest(audio=Inline(b"", "audio/wav"), model=model)
        )
        self.caller.site.engine.explain(task, request)

    def chosen(self, asked: str | None) -> tuple[Scenario, Settings]:
        """Return the scenario that a model means, and a session's settings in it. Raises `NotFound`."""
        scenarios = self.caller.site.talks.scenarios
        name = named(scenarios, asked)
        chat = None
        if name is None:
            self.check(Task.CHAT, asked or "")
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
