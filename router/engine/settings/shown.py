"""A configuration as it may be shown: plain values with every secret hidden, however it was written."""

from collections.abc import Mapping
from re import compile as regex
from typing import Any, Final

import msgspec

from router.engine.settings.difference import HIDDEN
from router.engine.settings.secrets import Secret, is_secret
from router.engine.settings.source import Source
from router.engine.settings.tree import ProviderSettings, RouterSettings

MASK: Final = "***"
LOGIN: Final = regex(r"(?<=://)[^/?#\s]*@")
QUERY: Final = regex(r"(?<=\?)[^#\s]+")


def shown(settings: RouterSettings) -> dict[str, Any]:
    """Return the whole configuration, defaults included, as JSON can hold it."""
    return _parts(_fields(settings))


def _shown(value: Any, name: str) -> Any:
    """Return a value that stands under a name."""
    if name in HIDDEN or isinstance(value, Secret) or (value and is_secret(name)):
        return [MASK] * len(value) if isinstance(value, tuple) else MASK
    if isinstance(value, msgspec.Struct):
        return _parts(_fields(value))
    if isinstance(value, Mapping):
        return _parts(value)
    if isinstance(value, tuple | list):
        return [_shown(one, name) for one in value]
    plain = msgspec.to_builtins(value, enc_hook=str)
    return _text(plain) if isinstance(plain, str) else plain


def _parts(parts: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _shown(one, str(name)) for name, one in parts.items() if not isinstance(one, Source)}


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    """Return a struct's fields as the YAML has them: a provider's own settings are beside the router's."""
    fields = {one.encode_name: getattr(struct, one.name) for one in msgspec.structs.fields(struct)}
    if isinstance(struct, ProviderSettings):
        del fields["name"]
        fields |= _fields(fields.pop("settings"))
    return fields


def _text(text: str) -> str:
    """Return text without what a URL may hold of a login: its user and password, and its query."""
    return QUERY.sub(MASK, LOGIN.sub(f"{MASK}@", text)) if "://" in text else text
