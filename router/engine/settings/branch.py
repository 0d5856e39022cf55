"""What every part of the router's own configuration is."""

from typing import ClassVar

import msgspec


class Branch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the router's own configuration.

    `shorthand` names the field that a plain word stands for where a mapping could be written.
    """

    shorthand: ClassVar[str | None] = None
