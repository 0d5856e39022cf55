"""libespeak-ng 1.52 through ctypes, from the espeakng-loader wheel: one engine per process, one text at a time.

The library is GPL-3.0-or-later; only worker processes load it. It crashes when entered from two threads.
Constants and structures are those of `espeak-ng/speak_lib.h`.
"""

import ctypes
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from queue import SimpleQueue
from threading import Event, Semaphore
from typing import NamedTuple

from plugins.embedded.library import RATE, start

AHEAD = 8
"""Chunks the engine may be ahead of whoever reads them."""

WORDS_PER_MINUTE = 1
FROM_CHARACTER = 1
UTF8 = 1
END_PAUSE = 0x1000
WORD_BEGINS, CLAUSE_ENDS = 1, 5


class EventRecord(ctypes.Structure):
    """`espeak_EVENT`. `text_position` counts characters from 1, `sample` those of the whole text."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


class Mark(NamedTuple):
    """Where the engine is: at this many seconds it begins the word at index `at` of the text, or ends a clause."""

    at: int | None
    seconds: float


Take = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
"""`t_espeak_callback`: samples (NULL at the end), how many, events. Returning 1 stops the synthesis."""


@cache
def engine() -> "Espeak":
    """Return this process's engine; the first call starts it."""
    return Espeak()


class Espeak:
    """The engine. Raises OSError if the library cannot be loaded or started."""

    def __init__(self) -> None:
        self._library = start()

    def synthesise(
        self, text: str, file: str, words_per_minute: int, marks: list[Mark] | None = None
    ) -> Generator[bytes, None, None]:
        """Yield PCM while the engine speaks, at most `AHEAD` chunks behind it; closing the iterator stops it.

        `file` is a `Found.file`, with `+variant` if wanted: the engine takes no language tags, and is silent
        about a variant it does not know. The text is spoken as it stands, markup included; a NUL ends it.
        `marks` is filled as the engine goes, in order.
        """
        chunks: SimpleQueue[bytes | None] = SimpleQueue()
        room = Semaphore(AHEAD)
        stopped = Event()

        def take(samples: int | None, count: int, events: int | None) -> int:
            if events and marks is not None:
                marks.extend(_marks(events))
            if samples and not stopped.is_set():
                room.acquire()
                chunks.put(ctypes.string_at(samples, 2 * count))
            return int(stopped.is_set())

        with ThreadPoolExecutor(1) as thread:
            speaking = thread.submit(self._speak, text, file, words_per_minute, Take(take))
            speaking.add_done_callback(lambda _: chunks.put(None))
            try:
                for chunk in iter(chunks.get, None):
                    room.release()
                    yield chunk
            finally:
                stopped.set()
                room.release()
        speaking.result()

    def _speak(self, text: str, file: str, words_per_minute: int, take: object) -> None:
        utf8 = text.encode(errors="replace")
        self._library.espeak_SetSynthCallback(take)
        self._demand(self._library.espeak_SetVoiceByName(file.encode()))
        self._demand(self._library.espeak_SetParameter(WORDS_PER_MINUTE, words_per_minute, 0))
        self._demand(
            self._library.espeak_Synth(
                utf8, ctypes.c_size_t(len(utf8) + 1), 0, FROM_CHARACTER, 0, UTF8 | END_PAUSE, None, None
            )
        )

    def _demand(self, status: int) -> None:
        if status != 0:
            raise OSError(f"espeak-ng answered {status}")


def _marks(address: int) -> Iterator[Mark]:
    while (event := EventRecord.from_address(address)).type:
        if event.type == WORD_BEGINS:
            yield Mark(event.text_position - 1, event.sample / RATE)
        elif event.type == CLAUSE_ENDS:
            yield Mark(None, event.sample / RATE)
        address += ctypes.sizeof(EventRecord)
