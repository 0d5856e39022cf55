"""The unit for machines without containers."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "media-router.service"
COMMAND = "/opt/media-router/bin/media-router"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing (the fix: install systemd)"
)


def verified(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Have systemd read a unit, whose command is one that is there."""
    unit = folder / UNIT.name
    unit.write_text(text.replace(COMMAND, shutil.which("true") or ""))
    return subprocess.run(("systemd-analyze", "verify", unit), capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Without a word about it."""
    done = verified(UNIT.read_text(), tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_not_take_another(tmp_path: Path) -> None:
    """A setting that is misspelt is told of."""
    done = verified(UNIT.read_text().replace("PrivateTmp=", "PrivateTemp="), tmp_path)
    assert "PrivateTemp" in done.stderr


@needs_systemd
def test_the_unit_is_confined() -> None:
    """Systemd's own measure of what a service could do, of which 10 is all: under 2."""
    done = subprocess.run(
        ("systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-200:]
