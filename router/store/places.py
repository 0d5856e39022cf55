"""Where media is kept, by URL."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from router.store.disk import DiskStore
from router.store.media import MediaStore

NONE: Final[Mapping[str, str]] = MappingProxyType({})
REMOTE: Final = frozenset({"s3", "gs", "az"})


def open_media(url: str, options: Mapping[str, str] = NONE, links: str | None = None) -> MediaStore:
    """Return the store at a URL: `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`.

    `options` and `links` are for stores that are not folders: see `ObjectStore`. Raises `ValueError` for what does not fit,
    without asking the store anything.
    """
    parts = urlsplit(url)
    if parts.scheme in REMOTE:
        from router.store.objects import ObjectStore  # noqa: PLC0415 - who keeps media in a folder need not load obstore

        return ObjectStore(url, options, links=links)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise ValueError("media is kept at file:///folder, s3://bucket, gs://bucket or az://container")
    if options or links:
        raise ValueError("a folder takes no options and gives no links")
    return DiskStore(Path(unquote(parts.path)))
