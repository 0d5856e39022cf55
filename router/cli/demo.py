"""`media-router demo`: speak, write down and animate on this machine, behind a provider that keeps failing."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from re import findall
from time import perf_counter
from typing import Annotated, Any, Final

import httpx
import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from plugins.embedded.portrait import draw_portrait
from router.testing.acts import Reply
from router.testing.serving import serving
from router.testing.vendor import Vendor

TEXT: Final = (
    "Hello, and welcome. You are listening to the media router. It has just asked a provider that was too busy, "
    "and without a word it turned to the next one, which is speaking to you now. "
    "The same words will be written down, and then a face will say them."
)
VOICE: Final = "en-us+edward"
"""Of espeak-ng's voices the one that the embedded recogniser follows best."""
CONFIG: Final = """
providers:
  primary: {{kind: boson, base_url: "{url}", api_key: "${{env:DEMO_KEY}}"}}
  local: {{kind: embedded}}
routes:
  - {{name: speech, task: speech, tiers: [primary, local]}}
  - {{name: transcription, task: transcription, tiers: [local]}}
  - {{name: avatar, task: avatar, tiers: [primary, local]}}
"""
COLUMNS: Final = ("File", "Served by", "Tries", "First byte", "Total", "What happened")
TIMING: Final = r'attempt\d+;desc="(\S+) (\S+)"'


class Made(msgspec.Struct, frozen=True):
    """A file, and how the router came by it. Milliseconds."""

    file: Path
    answer: httpx.Response
    first_byte: float
    total: float

    def row(self) -> tuple[str, ...]:
        """Return what the table shows of it."""
        headers = self.answer.headers
        trail = "\n".join(f"{who}: {how}" for who, how in findall(TIMING, headers["server-timing"]))
        figures = (headers["x-media-attempts"], f"{self.first_byte:.0f} ms", f"{self.total:.0f} ms")
        return (self.file.name, headers["x-media-provider"], *figures, trail)


class Caller:
    """Makes one request after another and shows each as it arrives."""

    def __init__(self, client: httpx.AsyncClient, progress: Progress, out: Path) -> None:
        self.client = client
        self.progress = progress
        self.out = out

    async def make(self, told: str, name: str, path: str, **body: Any) -> Made:
        """Post a request and write its answer to a file as it comes."""
        shown = self.progress.add_task(told, total=None)
        file, begun, first = self.out / name, perf_counter(), 0.0
        async with self.client.stream("POST", path, **body) as answer:
            if not answer.is_success:
                raise typer.BadParameter((await answer.aread()).decode())
            with file.open("wb") as sink:
                async for chunk in answer.aiter_raw():
                    first = first or perf_counter()
                    sink.write(chunk)
                    self.progress.update(shown, advance=len(chunk))
        ended = perf_counter()
        self.progress.update(shown, total=file.stat().st_size)
        return Made(file, answer, (first - begun) * 1000, (ended - begun) * 1000)


def demo(out: Annotated[Path, typer.Option(help="Where the files go.")] = Path("out")) -> None:
    """Make a sound file, its text and a film, and show who made them after how many attempts."""
    out.mkdir(parents=True, exist_ok=True)
    console = Console()
    made = asyncio.run(play(out, console))
    table = Table(*COLUMNS, box=SIMPLE, title=f"Made in {out}/")
    for one in made:
        table.add_row(*one.row())
    console.print(table)
    console.print("What was understood of it:", (out / "hello.txt").read_text(), style="italic")


async def play(out: Path, console: Console) -> list[Made]:
    """Run the demonstration."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn())
    starting = console.status("Starting the router behind a provider that fails")
    starting.start()
    async with router_behind_faults() as url, httpx.AsyncClient(base_url=url, timeout=120) as client:
        starting.stop()
        with Progress(*columns, console=console) as progress:
            return await scenes(Caller(client, progress, out))


async def scenes(caller: Caller) -> list[Made]:
    """Speak a paragraph, write it down again, and give it a face."""
    out = caller.out
    speech = await caller.make("Speaking", "hello.mp3", "/v1/audio/speech", json={"input": TEXT, "voice": VOICE})
    sound = {"file": ("hello.mp3", speech.file.read_bytes())}
    text = await caller.make(
        "Writing down", "hello.txt", "/v1/audio/transcriptions", files=sound, data={"response_format": "text"}
    )
    portrait = out / "portrait.png"
    portrait.write_bytes(draw_portrait())
    parts = {"ref_image": ("portrait.png", portrait.read_bytes()), "input": ("hello.mp3", speech.file.read_bytes())}
    film = await caller.make("Animating", "hello.mp4", "/v1/videos/stream", files=parts)
    return [speech, text, film]


@asynccontextmanager
async def router_behind_faults() -> AsyncIterator[str]:
    """Start a vendor that is busy, then broken, then cut off, and a router that has it as its first choice."""
    async with Vendor() as vendor:
        busy = Reply.of_json({"error": {"message": "busy", "type": "all_replicas_busy"}}, 429, Retry_After="30")
        vendor.on("/v1/audio/speech", busy)
        vendor.on("/v1/videos/stream", Reply(status=503), Reply((b"", b"\0" * 64), content_type="video/mp4", cut=0))
        with tempfile.TemporaryDirectory(prefix="media-router-demo-") as folder:
            running = serving(CONFIG.format(url=vendor.url), Path(folder), {"DEMO_KEY": "none"})
            # In a thread, for the vendor answers from this event loop meanwhile.
            router = await asyncio.to_thread(running.__enter__)
            try:
                yield router.url
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)
