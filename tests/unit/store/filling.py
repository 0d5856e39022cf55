"""Fill a disk for real, in a process of its own: `python -m tests.unit.store.filling FOLDER limit|tmpfs`.

With `limit` the kernel refuses files beyond a megabyte; with `tmpfs` the folder becomes a disk of a megabyte, which
wants to be run by `unshare --mount`. Prints what happened, as JSON.
"""

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path

from router.contract import Held, MediaError
from router.store.disk import DiskStore

ROOM = 1024 * 1024
FITS = bytes(600_000)
TOO_MUCH = bytes(range(256)) * 8000


async def told(store: DiskStore, name: str, film: bytes) -> str:
    try:
        return str((await store.put(name, Held(film), "video/mp4")).size)
    except MediaError as error:
        return f"{error.status} {error.code}"


async def fill(folder: Path, way: str) -> dict[str, object]:
    async with DiskStore(folder) as store:
        first = await told(store, "video_1", FITS)
        refused = await told(store, "video_2", TOO_MUCH)
        left = names(folder)
        make_room(folder, way)
        return {"first": first, "refused": refused, "left": left, "later": await told(store, "video_2", TOO_MUCH)}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make_room(folder: Path, way: str) -> None:
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        subprocess.run(["mount", "-o", "remount,size=4m", folder], check=True)


def main(folder: Path, way: str) -> None:
    if way == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
    else:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", folder], check=True)
    print(json.dumps(asyncio.run(fill(folder, way))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
