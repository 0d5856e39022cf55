"""Runs an image as Docker would with --read-only, and visits it; in namespaces of its own, which nothing outlives.

python -m tests.deploy.visit: a `Visit` as JSON comes in, what was seen there goes out.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import httpx

STARTS_WITHIN: Final = 40.0
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1
URL: Final = "http://127.0.0.1:8000"


def mounted(folder: Path, state: str, config: str) -> Path:
    """Return the image's root, where only /tmp and the volume can be written."""
    root = folder / "merged"
    options = f"lowerdir=/,upperdir={folder / 'upper'},workdir={folder / 'work'}"
    mount("-t", "overlay", "overlay", "-o", options, root)
    mount("-t", "tmpfs", "tmpfs", root / "tmp")
    for source, place in ((state, "var/lib/media-router"), (config, "etc/media-router")):
        (root / place).mkdir(parents=True, exist_ok=True)  # as Docker does
        mount("--bind", source, root / place)
    for name in ("dev", "proc"):
        mount("--rbind", f"/{name}", root / name)
    mount("-o", "remount,ro", root)
    return root


def mount(*words: str | Path) -> None:
    subprocess.run(("mount", *words), check=True)


def have_loopback() -> None:
    """A new network has no interface that is up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def inside(root: Path, user: str) -> list[str]:
    return ["chroot", f"--userspec={user}:{user}", str(root)]


def healthy(check: list[str]) -> bool:
    """Whether the image's own check says so, within the time that a start may take."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.1)
    return False


def visited(said: dict[str, str], root: Path, key: str) -> dict[str, Any]:
    """Start the image, ask it things, stop it, and return what was seen."""
    enter = inside(root, said["USER"])
    command = [*enter, *json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"])]
    check = [*enter, *json.loads(said["HEALTHCHECK"].partition("CMD ")[2])]
    touched = subprocess.run([*enter, "touch", "/usr/x"], capture_output=True, text=True, check=False)
    process = subprocess.Popen(command, stdout=sys.stderr)
    try:
        seen = {"healthy": healthy(check), "touched": touched.stderr.strip()}
        with httpx.Client(base_url=URL, headers={"x-api-key": key}, timeout=30) as client:
            said_so = {"model": "tts-1", "input": "Good morning.", "voice": "en-us", "response_format": "wav"}
            speech = client.post("/v1/audio/speech", json=said_so)
            seen |= {"ready": client.get("/readyz").status_code, "speech": speech.status_code}
            seen |= {
                "sound": len(speech.content),
                "stranger": httpx.post(f"{URL}/v1/audio/speech", json=said_so).status_code,
            }
    finally:
        process.terminate()
        ended = process.wait(STARTS_WITHIN)
    return {**seen, "ended": ended}


if __name__ == "__main__":
    visit = json.load(sys.stdin)
    have_loopback()
    place = mounted(Path(visit["folder"]), visit["state"], visit["config"])
    os.environ.update(visit["env"])
    print(json.dumps(visited(visit["said"], place, visit["key"])))
