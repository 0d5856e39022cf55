from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from router.store.media import MediaStore
from router.store.places import open_media
from tests.servers.s3 import S3, running_s3


@pytest.fixture(scope="session")
def server() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture(params=["disk", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    """A folder, then a bucket of a real server."""
    if request.param == "disk":
        opened = open_media((tmp_path / "media").as_uri())
    else:
        server: S3 = request.getfixturevalue("server")
        opened = open_media(f"{server.url}/{tmp_path.name}", server.options)
    async with opened as store:
        yield store
