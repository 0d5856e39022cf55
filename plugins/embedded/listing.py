"""The voices, asked for once in a process: they come with the engine, which does not change."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from plugins.embedded.voices import Found
from router.contract import Misconfigured

PROGRAM: Final = Path(__file__).with_name("library.py")
Listed = tuple[Sequence[Found], Sequence[str]]


class Listing:
    """espeak-ng's voices and its variants. What a server's first process has listed, those that it forks know."""

    def __init__(self) -> None:
        self._listed: Listed | None = None

    async def read(self) -> Listed:
        """Return them, from a process of its own if nobody has asked yet. Raises `Misconfigured` if espeak-ng does not start."""
        if self._listed is None:
            self._listed = await listed()
        return self._listed


async def listed() -> Listed:
    """Ask the engine. Raises `Misconfigured`."""
    spec = find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        raise Misconfigured("espeakng-loader is not installed")
    folder = Path(spec.origin).parents[1]
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-IS", PROGRAM, folder), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    told, _ = await asking.communicate()
    try:
        return msgspec.json.decode(told, type=tuple[tuple[Found, ...], tuple[str, ...]])
    except msgspec.DecodeError as error:
        raise Misconfigured("espeak-ng does not start") from error


LISTING: Final = Listing()
