"""The chart's manifests as Kubernetes would get them, rendered by Go's own templates in helm's place."""

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path(__file__).parents[2] / "deploy" / "helm" / "media-router"
PROGRAM: Final = Path(__file__).parent / "chart" / "render.go"
LIBRARIES: Final = "/usr/share/gocode"
"""Where Debian keeps Go's libraries."""
SPRIG: Final = Path(LIBRARIES) / "src" / "github.com" / "Masterminds" / "sprig"
RELEASE: Final = ("edge", "media")
Manifests = dict[tuple[str, str], dict[str, Any]]
"""By kind and name."""


def compiled(go: str, folder: Path) -> Path:
    """Build what renders charts, into a folder."""
    made, cache = folder / "render", folder / "cache"
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": LIBRARIES, "GOCACHE": str(cache), "GOFLAGS": "-p=2"}
    subprocess.run((go, "build", "-o", made, PROGRAM), env=env, check=True)
    return made


def rendered(renderer: Path, *values: Path) -> tuple[Manifests, str]:
    """Return the manifests, and what an installation would say at its end."""
    done = subprocess.run((renderer, CHART, *RELEASE, *values), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<no value>" not in done.stdout
    parts = [part.partition("\n") for part in done.stdout.split("---\n# Source: templates/") if part]
    notes = next(text for name, _, text in parts if name == "NOTES.txt")
    documents = [yaml.safe_load(text) for name, _, text in parts if name != "NOTES.txt"]
    return {(one["kind"], one["metadata"]["name"]): one for one in documents if one}, notes
