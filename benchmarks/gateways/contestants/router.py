"""We: `media-router serve` with one worker, one team key, metrics and logs as they come."""

import sys
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.gateways.contestants.contestant import KEY, ROOT, TOOLS, Command, Contestant, Site
from benchmarks.gateways.vendor.answers import HEARING, MODELS

RECORDS: Final = "records.db"
REFERENCE: Final = "${env:VENDOR_KEY}"
COMPILED: Final = {"PYTHONPYCACHEPREFIX": str(TOOLS / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
"""Started from bytecode, as what pip has installed is: the first start of all writes it."""


def program() -> Path:
    """Return the interpreter that `make rivals` has found for us; else this one."""
    own = TOOLS / "router"
    ready, lock = own / ".ready", ROOT / "uv.lock"
    current = ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime
    return own / "bin" / "python" if current else Path(sys.executable)


PROGRAM: Final = program()


def launch(site: Site) -> Command:
    """Write its configuration; JSON is YAML."""
    return command(site, config(site))


def command(site: Site, configuration: object) -> Command:
    """Write a configuration and return the command that serves it."""
    file = site.folder / "router.yaml"
    file.write_bytes(msgspec.json.encode(configuration))
    return (str(PROGRAM), "-m", "router", "serve", "--config", str(file), "--port", str(site.port), "--workers", "1")


def config(site: Site) -> dict[str, Any]:
    """Return the configuration: every provider kind that ships, and a route to each of the vendor's models."""
    speaking = tuple(one for one in MODELS if one != HEARING)
    openai = {
        "base_url": site.vendor_url,
        "api_key": REFERENCE,
        "speech": {"models": speaking},
        "transcription": {"models": (HEARING,)},
    }
    origin = site.vendor_url.removesuffix("/v1")
    keyed = {"base_url": origin, "api_key": REFERENCE}
    return {
        "providers": {
            "vendor": {"kind": "openai", **openai},
            "boson": {"kind": "boson", **keyed},
            "breeze": {"kind": "breeze", "voice": "v", **keyed},
            "sync": {"kind": "sync", **keyed},
            "higgs": {"kind": "higgs", "base_url": origin},
            "local": {"kind": "embedded"},
        },
        "routes": [*(route(one, "speech", "vendor") for one in speaking), *others()],
        "teams": [team("bench", KEY)],
        "storage": {"records": f"sqlite:///{site.folder / RECORDS}", "media": (site.folder / "media").as_uri()},
    }


def others() -> Iterator[dict[str, Any]]:
    """Yield the routes of what is not spoken by the vendor."""
    yield route(HEARING, "transcription", "vendor")
    yield {"name": "film", "task": "avatar", "tiers": ["boson"]}
    yield {"name": "local", "task": "speech", "tiers": ["local"]}
    yield {"name": "portrait", "task": "avatar", "tiers": ["local"]}


def route(model: str, task: str, provider: str) -> dict[str, Any]:
    """Return a route, named for its model."""
    return {"name": model, "task": task, "tiers": [{"targets": [{"provider": provider, "model": model}]}]}


def team(name: str, key: str) -> dict[str, Any]:
    """Return a team with one key."""
    return {"name": name, "keys": [f"sha256:{sha256(key.encode()).hexdigest()}"]}


ROUTER = Contestant(
    "media-router",
    partial(metadata.version, "media-router"),
    PROGRAM,
    launch,
    env={"PYTHONPATH": str(ROOT), "VENDOR_KEY": "k", **COMPILED},
    python=PROGRAM,
)
