"""Multipart bodies taken apart, for tests that compare them."""

from email import message_from_bytes
from email.message import Message
from typing import cast

import msgspec


class Part(msgspec.Struct, frozen=True):
    """One field of a form; a file has a `filename` and a media type."""

    content: bytes
    filename: str | None = None
    media_type: str | None = None


def parts(content_type: str, body: bytes) -> dict[str, Part]:
    """Return the parts by field name; of fields that come twice, the last."""
    whole = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body)
    found = {}
    for one in cast("list[Message]", whole.get_payload()):
        name = str(one.get_param("name", header="content-disposition"))
        media_type = one.get_content_type() if "content-type" in one else None
        found[name] = Part(cast("bytes", one.get_payload(decode=True)), one.get_filename(), media_type)
    return found
