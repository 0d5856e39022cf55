"""The folder in which a machine's router keeps what must outlive it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from router.engine.settings import Storage

STATE: Final = "MEDIA_ROUTER_STATE"


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder; it need not be there (XDG Base Directory, state)."""
    given = environ.get(STATE)
    if given:
        return Path(given).absolute()
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "media-router"


def make_ready(state: Path, storage: Storage) -> None:
    """Make the folder if something is to be kept there. Raises `ValueError` where that cannot be."""
    if storage.records and storage.media:
        return
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(state, error.strerror or "") from error
    if not os.access(state, os.W_OK | os.X_OK):
        raise _unusable(state, "this user may not write there")


def _unusable(state: Path, why: str) -> ValueError:
    return ValueError(f"nothing can be kept in {state}: {why}. Name a folder that can be written by {STATE}")
