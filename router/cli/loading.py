"""Importing what a command needs."""

import gc
import sys
from importlib import import_module
from typing import Any, Final

UNWANTED: Final = "httpx._main"
"""httpx's command line, which brings rich and pygments: 3 % of a start. httpx does without where it cannot be imported."""


def imported(target: str) -> Any:
    """Import a `module:name`.

    No garbage is collected meanwhile, nor looked for in it later: all of it stays, and going through it again and again
    takes a tenth of a start.
    """
    module, _, name = target.partition(":")
    gc.disable()
    sys.modules.setdefault(UNWANTED, None)  # type: ignore[arg-type]  # so the language says that there is no such module
    try:
        return getattr(import_module(module), name)
    finally:
        gc.freeze()
        gc.enable()
