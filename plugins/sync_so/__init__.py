"""sync.so: a film of somebody, made to speak other words.

Facts are those of its "Create Generation" page, its guides on files, asset uploads, errors and idempotency
(sync.so/docs), and the types of its own SDK, `syncsdk` 0.3.0.
"""

from collections.abc import Sequence
from typing import Any

from plugins.sync_so.provider import SyncSettings, SyncSo
from router.contract import Provider, hook

__all__ = ["SyncSettings", "SyncSo", "media_providers"]


@hook
def media_providers() -> Sequence[type[Provider[Any]]]:
    """Bring the one kind this package has."""
    return (SyncSo,)
