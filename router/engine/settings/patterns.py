"""The texts that a configuration may hold where not any text will do: names, digests, addresses."""

from typing import Annotated

from msgspec import Meta

Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        extra={"expected": "a name of letters, digits, '.', '_' and '-'"},
    ),
]
Word = Annotated[str, Meta(min_length=1)]
KeyDigest = Annotated[
    str,
    Meta(
        pattern=r"^sha256:[0-9a-f]{64}$",
        extra={"expected": "'sha256:' and the 64 lower-case hex digits of the key's SHA-256, never the key itself"},
    ),
]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://[^/\s]+\S*$", extra={"expected": "an http or https URL"})]
RecordsUrl = Annotated[
    str,
    Meta(
        pattern=r"^(sqlite:///|postgresql://)\S+$",
        extra={"expected": "sqlite:///a/file or postgresql://user:password@host/database"},
    ),
]
MediaUrl = Annotated[
    str,
    Meta(
        pattern=r"^(file:///|s3://|gs://|az://)\S+$",
        extra={"expected": "file:///a/folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"},
    ),
]
SigningSecret = Annotated[
    str,
    Meta(pattern=r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$", extra={"expected": "'whsec_' and at least 24 bytes in base64"}),
]
