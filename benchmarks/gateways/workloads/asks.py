"""The requests."""

import io
import wave
from typing import Final

import msgspec

from benchmarks.gateways.stand import Ask
from benchmarks.gateways.vendor.answers import HEARING

TEXT: Final = "Good morning. It is a quarter past seven, and the sun is out."
JSON: Final = "application/json"
BOUNDARY: Final = "5f0e1c2b7a9d4e36b8c1f2a3d4e5f607"
"""As long as those of OpenAI's SDK: what looks for it may skip so much at a time."""
RATE: Final = 16_000
MEGABYTE: Final = 1_000_000


def speech(model: str, **fields: str) -> Ask:
    """Return a speech request as OpenAI's clients make it."""
    body = {"model": model, "input": TEXT, "voice": "alloy"} | fields
    return Ask("/v1/audio/speech", JSON, msgspec.json.encode(body))


def transcription(megabytes: int) -> Ask:
    """Return the upload of a recording of so many megabytes."""
    return form("/v1/audio/transcriptions", {"model": HEARING}, file=("talk.wav", recording(megabytes), "audio/wav"))


def recording(megabytes: int) -> bytes:
    """Return a silent WAV; with its header and the form around it, it stays below what OpenAI's limits are."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(megabytes * MEGABYTE))
    return written.getvalue()


def form(path: str, fields: dict[str, str], **files: tuple[str, bytes, str]) -> Ask:
    """Return a multipart/form-data request (RFC 7578); a file is its name, content and type."""
    parts = [(f'name="{name}"', text.encode()) for name, text in fields.items()]
    parts += [
        (f'name="{name}"; filename="{file}"\r\nContent-Type: {kind}', content)
        for name, (file, content, kind) in files.items()
    ]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return Ask(path, f"multipart/form-data; boundary={BOUNDARY}", body + f"--{BOUNDARY}--\r\n".encode())
