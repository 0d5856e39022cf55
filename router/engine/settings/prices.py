"""What providers charge, in millionths of the currency."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from router.engine.settings.branch import Branch

FORMAT: Final = "decimal"
"""What the schema calls it, for editors: a number, though we hold an integer."""

Amount = Annotated[int, Meta(ge=0, extra={"amount": True}, extra_json_schema={"format": FORMAT})]
"""A setting that is written as a decimal number, `15` or `0.006`, and read as millionths."""
Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}$", extra={"expected": "a currency's three letters (ISO 4217), such as USD"})
]
TargetName = Annotated[str, Meta(min_length=1)]


class Price(Branch, frozen=True, kw_only=True):
    """What one call costs, all of it added up: by what is spoken, heard or spoken, and shown, and for the call itself."""

    per_million_characters: Amount = 0
    per_audio_minute: Amount = 0
    per_video_second: Amount = 0
    per_request: Amount = 0


class Prices(Branch, frozen=True, kw_only=True):
    """What `targets` charge, in one `currency`: by `provider/model`, or by `provider` for all its other models.

    Who is not named costs nothing.
    """

    currency: Currency = "USD"
    targets: Mapping[TargetName, Price] = msgspec.field(default_factory=dict)

    def of(self, target: str) -> Price | None:
        """Return the price of a target, `provider/model` or `provider`; None where it costs nothing."""
        prices = self.targets
        return (prices.get(target) or prices.get(target.partition("/")[0])) if prices else None


FREE: Final = Prices()
"""Where nothing is said of prices."""
