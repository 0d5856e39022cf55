"""Portkey's gateway, from npm. It is open to all and keeps no metrics: both are left to its hosted edition."""

import shutil
from collections.abc import Mapping
from typing import Final

import msgspec

from benchmarks.gateways.contestants.contestant import KEY, TOOLS, Command, Contestant, Site

PACKAGE: Final = TOOLS / "portkey" / "node_modules" / "@portkey-ai" / "gateway"
PROGRAM: Final = PACKAGE / "build" / "start-server.js"


def launch(site: Site) -> Command:
    """Return its command; it is configured by each request."""
    return (shutil.which("node") or "node", str(PROGRAM), f"--port={site.port}", "--headless")


def headers(site: Site) -> Mapping[str, str]:
    """Return what makes it ask the vendor."""
    return {
        "authorization": f"Bearer {KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": site.vendor_url,
    }


def version() -> str:
    """Return what is installed."""
    told: str = msgspec.json.decode((PACKAGE / "package.json").read_bytes())["version"]
    return told


PORTKEY = Contestant("Portkey", version, PROGRAM, launch, headers, env={"NODE_ENV": "production"})
