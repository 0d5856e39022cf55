"""Jobs and webhooks on disk, where commands find them."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from router.cli import app
from router.contract import Held, MediaError, OutcomeUnknown, Ticket
from router.contract import JobState as State
from router.engine.settings import Storage
from router.jobs import Hook, Job
from router.jobs.notices import Receiver, notice
from router.state import STATE
from router.store.rows import NoticeRow
from router.stores import Stores

CONFIG = "providers: {local: {kind: embedded, workers: 1}}\nroutes: [{name: faces, task: avatar, tiers: [local]}]\n"
URL = "https://a.test/hook?key=hush"
NOW = 2_000_000_000.0


class Kept:
    """A state folder, a configuration beside it, and the commands over both."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.config = folder / "router.yaml"
        self.config.write_text(CONFIG)

    def run(self, *words: str, answer: str = "") -> Result:
        """Run a command."""
        env = {**os.environ, STATE: str(self.state), "COLUMNS": "240"}
        return CliRunner().invoke(app, [*words, "--config", str(self.config)], env=env, input=answer)

    def do(self, act: Callable[[Stores], Coroutine[Any, Any, Any]]) -> Any:
        """Do something with the stores."""

        async def opened() -> Any:
            async with Stores.of(Storage(), self.state) as stores:
                return await act(stores)

        return asyncio.run(opened())

    def add(self, job: Job, *notices: NoticeRow) -> Job:
        """Keep a job, what it was asked with, and its webhooks."""

        async def added(stores: Stores) -> None:
            for name in job.inputs:
                await stores.kept.media.put(name, Held(b"a face"), "image/png")
            await stores.kept.rows.add(job.row(None))
            await stores.kept.rows.write(job.row(None), notices)

        self.do(added)
        return job

    def job(self, name: str) -> Job:
        """Return a job as it is kept."""
        row = self.do(lambda stores: stores.kept.rows.get(name))
        return Job.of(row)

    def notices(self) -> list[NoticeRow]:
        """Return all webhooks."""
        return list(self.do(lambda stores: stores.notices.page(None, None, 100)))


def made(name: str, **fields: Any) -> Job:
    """Return a job that is queued."""
    hook = Hook(URL, "standard")
    return Job(id=name, team="ads", model="m", created_at=NOW, hook=hook, echo={"said": "hush"}, **fields)


def ordered(name: str) -> Job:
    """Return a job that a provider works on."""
    return made(name).asking("local", NOW).ordered("local", Ticket("up-1", State.RUNNING))


def lost(name: str, error: MediaError | None = None) -> Job:
    """Return a job that failed, by default since nobody knows what was bought; one medium of its request is kept."""
    asked = made(name, inputs=(f"{name}-0",)).asking("local", NOW)
    return asked.lost(NOW, error or OutcomeUnknown("its answer was lost"))


def told(name: str, job: str) -> NoticeRow:
    """Return a webhook."""
    return notice(Receiver(team="ads", job=job, url=URL), b"{}", NOW, lambda: name)
