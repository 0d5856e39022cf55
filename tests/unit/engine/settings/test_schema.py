from typing import Any

from router.engine.settings import schema
from tests.config.kinds import zoo


def parts() -> dict[str, Any]:
    made: dict[str, Any] = schema(zoo().kinds)["$defs"]
    return made


def test_each_kind_has_its_settings_beside_the_routers() -> None:
    """An editor completes what both the kind and the router understand, and nothing else."""
    parrot = parts()["parrot"]

    assert {"kind", "api_key", "pitch", "mood", "concurrency", "connect"} <= parrot["properties"].keys()
    assert parrot["additionalProperties"] is False
    assert parrot["required"] == ["kind", "api_key"]


def test_durations_are_text_with_their_unit() -> None:
    """Held as seconds, they are written, and defaulted, as people write them."""
    connect = parts()["echo"]["properties"]["connect"]

    assert (connect["type"], connect["default"]) == ("string", "5s")


def test_secrets_can_only_be_references() -> None:
    """An editor marks a key written in clear."""
    assert parts()["parrot"]["properties"]["api_key"]["pattern"].startswith(r"^\$\{(?:env|file)")


def test_a_tier_or_a_target_may_be_a_plain_word() -> None:
    """The shorthands are part of the schema."""
    assert [parts()[name]["anyOf"][0]["type"] for name in ("Tier", "Target")] == ["string", "string"]


def test_a_default_that_may_be_absent_is_written_as_well() -> None:
    """What may be null or last a while has a default that the YAML would take, however long it lasts."""
    made = parts()
    partials, ledger = made["Scenario"]["properties"]["partials"], made["Storage"]["properties"]["keep_ledger"]

    assert (partials["default"], ledger["default"]) == ("700ms", "34560000s")
