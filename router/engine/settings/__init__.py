"""The configuration: strict YAML in, a frozen tree or every problem out."""

from router.engine.settings.allowances import Allowance, Limits, Span, Unit, WhenAway
from router.engine.settings.caching import Cache
from router.engine.settings.checks import is_loopback
from router.engine.settings.difference import difference, restarts
from router.engine.settings.load import load
from router.engine.settings.offered import unoffered
from router.engine.settings.prices import Price, Prices
from router.engine.settings.problems import Problem, SettingsError
from router.engine.settings.processes import served_by, share
from router.engine.settings.schema import schema
from router.engine.settings.secrets import Secret
from router.engine.settings.tree import (
    PACES,
    Pick,
    ProviderSettings,
    Route,
    RouterSettings,
    Server,
    Splice,
    Storage,
    Target,
    Team,
    Tier,
    UnknownTokens,
    Webhook,
)

__all__ = [
    "PACES",
    "Allowance",
    "Cache",
    "Limits",
    "Pick",
    "Price",
    "Prices",
    "Problem",
    "ProviderSettings",
    "Route",
    "RouterSettings",
    "Secret",
    "Server",
    "SettingsError",
    "Span",
    "Splice",
    "Storage",
    "Target",
    "Team",
    "Tier",
    "Unit",
    "UnknownTokens",
    "Webhook",
    "WhenAway",
    "difference",
    "is_loopback",
    "load",
    "restarts",
    "schema",
    "served_by",
    "share",
    "unoffered",
]
