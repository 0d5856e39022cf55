"""The `providers` section, whose entries are what the router is told plus what the kind is told."""

from collections.abc import Mapping
from typing import Any, Union

import msgspec

from router.contract import Provider, Settings
from router.engine.registry import RegistryError
from router.engine.settings.tree import Account, ProviderSettings
from router.engine.settings.walk import Walk

Kinds = Mapping[str, type[Provider[Any]]]
TAG = "kind"


def accounts_type(kinds: Kinds) -> Any:
    """Return the type of a provider's entry: a struct for each kind, told apart by `kind`.

    Raises `RegistryError` for a kind with a setting that the router has under the same name.
    """
    if not kinds:
        raise RegistryError("no provider kind is installed")
    return Union[tuple(_account(kind, provider.settings_type) for kind, provider in kinds.items())]  # noqa: UP007 - a union of what is known only now


def _account(kind: str, settings: type[Settings]) -> type[msgspec.Struct]:
    fields = msgspec.structs.fields(settings)
    ours = {TAG} | {field.name for field in msgspec.structs.fields(Account)}
    if taken := ours & {field.encode_name for field in fields}:
        raise RegistryError(f"kind {kind!r} has a setting {min(taken)!r}, which is the router's own")
    return msgspec.defstruct(
        kind,
        [(field.name, field.type, _default(field)) for field in fields],
        bases=(Account,),
        tag_field=TAG,
        tag=kind,
        rename={field.name: field.encode_name for field in fields},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        namespace={"__doc__": settings.__doc__},
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is msgspec.NODEFAULT else msgspec.field(default=field.default)


def providers(accounts: Mapping[str, Account | None], kinds: Kinds, walk: Walk) -> dict[str, ProviderSettings]:
    """Return every provider's settings in its kind's own struct; a blank one where the entry was faulty."""
    return {name: _provider(name, account, kinds, walk) for name, account in accounts.items()}


def _provider(name: str, account: Account | None, kinds: Kinds, walk: Walk) -> ProviderSettings:
    blank = ProviderSettings(name=name, kind="", settings=Settings())
    if account is None:
        return blank
    kind = str(type(account).__struct_config__.tag)
    wanted = kinds[kind].settings_type
    values = {field: getattr(account, field) for field in wanted.__struct_fields__}
    settings = walk.build(wanted, values, ("providers", name))
    if settings is None:
        return blank
    return ProviderSettings(
        name=name, kind=kind, settings=settings, concurrency=account.concurrency, connect=account.connect
    )
