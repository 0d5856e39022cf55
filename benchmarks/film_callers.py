"""Callers of routers that die under them: each has a film made, waits for its end and fetches it, by whoever answers."""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from re import compile as regex
from typing import Any, Final

import httpx

from benchmarks.fickle_studios import spoken
from benchmarks.replicas import Replica
from router.testing.media import film, picture

VENDORS: Final = ("keyless", "keyed")
"""Whose films are asked for in turn; routes are called by the same names."""
PATIENCE: Final = 15.0
"""Seconds until a caller takes a router for dead and asks another."""
WAIT: Final = 5
LIMIT: Final = 240.0
"""Seconds within which a job that was taken must have ended."""
TOLD_WITHIN: Final = 60.0
"""Seconds within which their webhooks must have come, none of whose couriers dies any more: a claim of one that died holds
for 20, one that is then refused is due again after 6; twice that, for a busy machine.
"""
PAUSE: Final = 0.3

DIED: Final = (AttributeError, OSError)
"""What httpx lets through of a connection whose router dies as it is made: there is no socket any more to ask for its address."""
ORPHANED: Final = "the router ended before its answer came"
"""What is said of such an order."""
LATE: Final = regex(r"did not answer in time|was not answered within")
"""What is said of an order whose answer the route's deadline did not wait for."""


@dataclass(frozen=True)
class Ended:
    """What came of an errand, as its caller saw it; `state` is `lost` if it did not end in time."""

    errand: str
    vendor: str
    id: str
    state: str
    code: str | None = None
    fits: bool = True
    orphaned_at: float | None = None
    """When its order was found with nobody there who had given it, in unix time."""
    late: bool = False
    """Whether its router says that no answer came within the route's deadline."""


class Callers:
    """Asks the routers that are there, in no order, until one answers."""

    def __init__(self, routers: Sequence[Replica], client: httpx.AsyncClient, random: Random, receiver: str) -> None:
        self.routers = routers
        self.client = client
        self.random = random
        self.receiver = receiver
        self.unanswered = 0

    async def have_made(self, number: int) -> Ended:
        """Have one film made, and say what came of it."""
        vendor = VENDORS[number % len(VENDORS)]
        errand, name = await self._create(number, vendor)
        job = await self._end(name)
        code, state = job.get("error_code"), job["status"]
        fits = state != "completed" or await self._film(name) == spoken(errand)
        said = job.get("error") or ""
        orphaned = job["completed_at"] if ORPHANED in said else None
        return Ended(errand, vendor, name, state, code, fits, orphaned, LATE.search(said) is not None)

    async def listed(self) -> dict[str, str]:
        """Return the state of every job there is, by id."""
        states: dict[str, str] = {}
        page: dict[str, Any] = {"has_more": True, "last_id": None}
        while page["has_more"]:
            after = {"after": page["last_id"]} if page["last_id"] else {}
            page = (await self._asked("GET", "/v1/videos", params={"limit": 100, **after})).json()
            states |= {one["id"]: one["status"] for one in page["data"]}
        return states

    async def end(self, name: str) -> str:
        """Return a job's last state, `lost` if it does not end in time."""
        return str((await self._end(name))["status"])

    async def until_told(self, names: Iterable[str]) -> None:
        """Wait until the receiver of webhooks was told of these jobs, though not for ever."""
        left, until = set(names), time.monotonic() + TOLD_WITHIN
        while left and time.monotonic() < until:
            left -= set((await self.client.get(self.receiver)).json())
            await asyncio.sleep(PAUSE)

    async def _create(self, number: int, vendor: str) -> tuple[str, str]:
        """Try until a router says yes. A router that dies may have said so to nobody: each try is another errand."""
        for errand in errands(number):
            answer = await self._ask("POST", **ORDERS[vendor](errand))
            if answer is not None and answer.is_success:
                return errand, answer.json()["id"]
            self.unanswered += answer is None
            await asyncio.sleep(PAUSE)
        raise AssertionError("errands do not end")

    async def _end(self, name: str) -> dict[str, Any]:
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            answer = await self._asked("GET", f"/v1/videos/{name}", params={"wait": WAIT})
            if answer.status_code == httpx.codes.NOT_FOUND:
                break
            job: dict[str, Any] = answer.json()
            if job["status"] in {"completed", "failed"}:
                return job
        return {"status": "lost"}

    async def _film(self, name: str) -> bytes:
        return (await self._asked("GET", f"/v1/videos/{name}/content")).content

    async def _asked(self, method: str, path: str, **told: Any) -> httpx.Response:
        """Ask until somebody answers, which is not to say with what."""
        while True:
            answer = await self._ask(method, path, **told)
            if answer is not None and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return answer
            await asyncio.sleep(PAUSE)

    async def _ask(self, method: str, path: str, **told: Any) -> httpx.Response | None:
        there = [one.url for one in self.routers if not one.gone]
        try:
            return await self.client.request(method, self.random.choice(there) + path, **told)
        except (httpx.HTTPError, *DIED):
            return None


def errands(number: int) -> Iterator[str]:
    """Return the texts of a number's tries, no two alike."""
    tries = 0
    while True:
        tries += 1
        yield f"errand {number}.{tries}"


def to_keyless(errand: str) -> dict[str, Any]:
    """Return Boson's create, its picture in the JSON."""
    face = b64encode(picture()).decode()
    return {"path": "/v1/videos", "json": {"model": "keyless", "ref_image": face, "input_tts": {"input": errand}}}


def to_keyed(errand: str) -> dict[str, Any]:
    """Return sync's create, its video in a form."""
    script = {"type": "text", "provider": {"name": "elevenlabs", "voiceId": "alloy", "script": errand}}
    fields = {"model": "keyed", "input": json.dumps([script])}
    return {"path": "/v2/generate", "data": fields, "files": {"video": ("face.mp4", film())}}


ORDERS: Final = {"keyless": to_keyless, "keyed": to_keyed}
