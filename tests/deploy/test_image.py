"""The image and the wheel: made here as they are made elsewhere, and served from."""

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deploy.images import PROJECT, Root, made, outside, possible, rootless

DOCKERFILE: Final = PROJECT / "deploy" / "Dockerfile"
KEY: Final = "a team's key"
CONFIG: Final = f"""
providers: {{local: {{kind: embedded}}}}
routes: [{{name: speech, task: speech, models: [tts-1], tiers: [local]}}]
teams: [{{name: everybody, keys: ["sha256:{sha256(KEY.encode()).hexdigest()}"]}}]
"""
WHEEL: Final = """
uv build --quiet --wheel --out-dir /wheel
uv export --quiet --locked --no-dev --extra embedded --no-emit-project --no-hashes --output-file /wheel/locked.txt
uv venv --quiet --python "$(command -v python3.11)" /plain
uv pip install --quiet --python /plain/bin/python --constraint /wheel/locked.txt "$(echo /wheel/*.whl)[embedded]"
"""
"""Steps from the sources to an environment, after those of the Dockerfile that bring sources and uv."""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("image")
    if reason := possible(place / "trial"):
        pytest.skip(reason)
    with rootless(place):
        yield place


@pytest.fixture(scope="module")
def stages(folder: Path) -> dict[str, Root]:
    return made(DOCKERFILE, folder)


@pytest.fixture(scope="module")
def image(stages: dict[str, Root]) -> Root:
    return stages["last"]


def visit(image: Root, folder: Path) -> dict[str, Any]:
    """Run an image, and return what a visitor sees."""
    for name in ("state", "config"):
        (folder / name).mkdir(parents=True)
    (folder / "config" / "router.yaml").write_text(CONFIG)
    (folder / "state").chmod(0o777)
    told = {
        "said": image.said, "env": image.env, "key": KEY, "folder": str(image.folder),
        "state": str(folder / "state"), "config": str(folder / "config"),
    }  # fmt: skip
    words = ("unshare", "--mount", "--net", sys.executable, "-m", "tests.deploy.visit")
    done = subprocess.run(
        words, input=json.dumps(told), cwd=PROJECT, env=outside(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_image_serves(image: Root, folder: Path) -> None:
    """Run as nobody in particular on a read-only root, it is healthy by its own check, speaks to those with a key, and stops."""
    seen = visit(image, folder / "image")
    print(seen)
    assert (seen["healthy"], seen["ready"], seen["speech"], seen["stranger"]) == (True, 200, 200, 401)
    assert seen["sound"] > 10_000
    assert seen["touched"].endswith("Read-only file system")
    assert seen["ended"] == 0


def test_the_image_says_how_it_is_run(image: Root) -> None:
    """As nobody that has rights, at the port that it tells of, and with its state where it can be kept."""
    assert (image.said["USER"], image.said["EXPOSE"]) == ("10001", "8000")
    assert image.said["VOLUME"] == image.env["MEDIA_ROUTER_STATE"]


def test_the_image_has_nothing_but_the_router(image: Root) -> None:
    """No tests, no tools that made it, and no source but what is installed."""
    names = {one.name for one in (image.upper / "opt/media-router/lib/python3.11/site-packages").iterdir()}
    assert [one.name for one in (image.upper / "opt").iterdir()] == ["media-router"]
    assert {"router", "plugins"} <= names
    assert names.isdisjoint({"tests", "deploy", "pytest", "mypy", "uv"})


def test_the_wheel_serves(stages: dict[str, Root], image: Root, folder: Path) -> None:
    """In an empty environment it installs, with the versions that are locked, and serves as the image does."""
    build = stages["build"]
    build.env |= {"UV_LINK_MODE": "copy"}
    for line in WHEEL.strip().splitlines():
        build.run("/bin/sh", "-c", line)
    build.env |= {"PATH": f"/plain/bin:{build.env['PATH']}", "MEDIA_ROUTER_STATE": image.env["MEDIA_ROUTER_STATE"]}
    build.said = image.said
    seen = visit(build, folder / "wheel")
    assert (seen["healthy"], seen["ready"], seen["speech"], seen["ended"]) == (True, 200, 200, 0)
    assert seen["sound"] > 10_000
