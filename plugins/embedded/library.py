"""Starting libespeak-ng 1.52, and listing its voices.

The library is GPL-3.0-or-later; no server loads it. This module is also a program: `python -IS library.py FOLDER` prints
the voices as JSON, FOLDER being where packages are. It needs nothing else of ours: by a worker process, which imports all
of the contract, a list takes thrice as long. Constants and structures are those of `espeak-ng/speak_lib.h`.
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterator

RATE = 22_050
"""Hertz of what the engine produces, s16 mono in the machine's byte order."""
CHUNK_MS = 60
AUDIO_OUTPUT_SYNCHRONOUS = 2
DONT_EXIT = 0x8000
GENDERS = {1: "male", 2: "female"}

Listed = tuple[str, str, tuple[tuple[int, str], ...], str | None]
"""A voice's file, name, tags and gender: see `voices.Found`."""


class VoiceRecord(ctypes.Structure):
    """`espeak_VOICE`. `languages` holds (priority byte, NUL-terminated tag) pairs up to a zero byte."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def start() -> ctypes.CDLL:
    """Return the library, ready to speak. Raises OSError if it cannot be loaded or started."""
    import espeakng_loader  # type: ignore[import-untyped]  # noqa: PLC0415 - untyped; the program finds it after its start

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(VoiceRecord))
    rate = library.espeak_Initialize(
        AUDIO_OUTPUT_SYNCHRONOUS, CHUNK_MS, os.fsencode(espeakng_loader.get_data_path()), DONT_EXIT
    )
    if rate != RATE:
        raise OSError(f"espeak_Initialize answered {rate}")
    return library


def voices(library: ctypes.CDLL) -> Iterator[Listed]:
    """List every voice, without the variants."""
    return _listed(library, None)


def variants(library: ctypes.CDLL) -> Iterator[str]:
    """List the names that may follow a voice's file name and a plus sign."""
    wanted = VoiceRecord(languages=ctypes.create_string_buffer(b"variant"))
    return (file.removeprefix("!v/") for file, *_ in _listed(library, ctypes.byref(wanted)))


def _listed(library: ctypes.CDLL, wanted: object) -> Iterator[Listed]:
    for record in library.espeak_ListVoices(wanted):
        if not record:
            return
        voice = record.contents
        tags = tuple(_tags(ctypes.addressof(voice.languages.contents)))
        yield voice.identifier.decode(), voice.name.decode().strip(), tags, GENDERS.get(voice.gender)


def _tags(address: int) -> Iterator[tuple[int, str]]:
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode()
        address += len(tag) + 2


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    engine = start()
    json.dump((list(voices(engine)), list(variants(engine))), sys.stdout)
