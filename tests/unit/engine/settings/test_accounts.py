from collections.abc import Sequence

import pytest

from router.contract import AnyOffer, Provider, Settings
from router.engine.registry import RegistryError
from router.engine.settings import schema


class Grasping(Settings, frozen=True, kw_only=True):
    concurrency: str = "all of it"


class Grabber(Provider[Grasping]):
    kind = "grabber"
    settings_type = Grasping

    def offers(self) -> Sequence[AnyOffer]:
        return ()


def test_a_kind_may_not_have_a_setting_that_is_the_routers() -> None:
    """Otherwise one word in the YAML would mean two things."""
    with pytest.raises(RegistryError, match="kind 'grabber' has a setting 'concurrency', which is the router's own"):
        schema({"grabber": Grabber})


def test_without_kinds_there_is_nothing_to_configure() -> None:
    """A router with no provider plugin at all says so."""
    with pytest.raises(RegistryError, match="no provider kind is installed"):
        schema({})
