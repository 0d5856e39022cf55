"""How events are written: each with an id of its own, and errors in OpenAI's words."""

from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from router.contract import MediaError
from router.web.dialects import envelope
from router.web.realtime.settings import Settings, as_beta, as_present
from router.web.realtime.vocabulary import Vocabulary

Told = dict[str, Any]


class Pen:
    """Writes what one session is told, in its words. `new_id` makes what its names end in."""

    def __init__(self, names: Vocabulary, new_id: Callable[[], str]) -> None:
        self.names = names
        self.new_id = new_id
        self.session = self.name("sess")
        self._numbers = count(1)

    def name(self, kind: str) -> str:
        """Return a new id for something of a kind."""
        return f"{kind}_{self.new_id().rpartition('_')[2]}"

    def write(self, told: Told) -> str:
        """Return an event as it goes out."""
        event_id = f"event_{self.session[5:]}_{next(self._numbers)}"
        return msgspec.json.encode({"type": told["type"], "event_id": event_id, **told}).decode()

    def error(self, error: MediaError, event_id: str | None = None) -> Told:
        """Return the event that tells of an error, and of the client's event that led to it (`RealtimeErrorEvent`)."""
        return {"type": "error", "error": {**faults(error), "event_id": event_id}}


def faults(error: MediaError) -> Told:
    """Return an error as OpenAI's clients read it."""
    told: Told = msgspec.to_builtins(envelope(error).error)
    return {"param": None, **told}


def shown(settings: Settings, pen: Pen) -> Told:
    """Return a session as its client gets it."""
    told = as_beta(settings) if pen.names.beta else as_present(settings)
    return {"id": pen.session, **told}
