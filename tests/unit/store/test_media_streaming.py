import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.s3 import S3

SMALL = 12 * 1024 * 1024


@pytest.mark.parametrize("kind", ["disk", "s3"])
async def test_a_long_film(kind: str, server: S3, tmp_path: Path) -> None:
    """A film of 100 MB goes into a store and out of it in an eighth of that memory."""
    where: tuple[str, Mapping[str, str]] = (tmp_path.as_uri(), {}) if kind == "disk" else (server.url, server.options)
    command = [sys.executable, "-m", "tests.unit.store.streaming", where[0], json.dumps(dict(where[1]))]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    print(f"{kind}: {int(ran.stdout) / 1e6:.1f} MB")
    assert int(ran.stdout) < SMALL
