"""Importing what a command needs."""

import gc
from importlib import import_module
from typing import Any


def imported(target: str) -> Any:
    """Import a `module:name`.

    No garbage is collected meanwhile, nor looked for in it later: all of it stays, and going through it again and again
    takes a tenth of a start.
    """
    module, _, name = target.partition(":")
    gc.disable()
    try:
        return getattr(import_module(module), name)
    finally:
        gc.freeze()
        gc.enable()
