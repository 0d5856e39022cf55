"""What changed between two configurations, line by line, and what of it a running router cannot follow."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from router.engine.settings.problems import Problem
from router.engine.settings.secrets import Secret
from router.engine.settings.tree import ProviderSettings, RouterSettings

HIDDEN: Final = frozenset({"keys", "admin_keys"})
"""Fields that are no secrets and still nobody's business: the digests of keys."""
FOLLOWED: Final = frozenset({"admin_keys"})
"""Fields of the sections that need a restart which do not."""
RESTARTING: Final = ("server", "storage")
ELSEWHERE: Final = frozenset({".name", ".settings"})
"""Fields of an account that the YAML does not have there: its name is its key, its kind's settings stand beside."""


def difference(before: RouterSettings, after: RouterSettings) -> tuple[str, ...]:
    """Return what was added, removed and changed, by path; what the YAML leaves out counts as its default.

    Routes and teams go by their names: `changed routes[speech].deadline: 60.0 -> 30.0`. No secret is shown.
    """
    return tuple(_compared(before, after, "", ""))


def restarts(before: RouterSettings, after: RouterSettings) -> list[Problem]:
    """Return a problem for every change that only a new start could put into effect."""
    return [
        after.source.problem(
            (section, name),
            f"is {getattr(getattr(before, section), name)!r} while the router runs",
            f"to be {wanted!r} it needs a restart",
        )
        for section in RESTARTING
        for name, wanted in msgspec.structs.asdict(getattr(after, section)).items()
        if name not in FOLLOWED and wanted != getattr(getattr(before, section), name)
    ]


def _compared(before: Any, after: Any, path: str, field: str) -> Iterator[str]:
    if before == after:
        return
    ours, theirs = _parts(before), _parts(after)
    if ours is None or theirs is None:
        yield _changed(before, after, path, field)
        return
    for part in (*ours, *(theirs.keys() - ours.keys())):
        there = f"{path}{part}".removeprefix(".")
        if part not in theirs:
            yield f"removed {there}"
        elif part not in ours:
            yield f"added {there}"
        else:
            yield from _compared(ours[part], theirs[part], there, part.removeprefix("."))
    kept, still = [one for one in ours if one in theirs], [one for one in theirs if one in ours]
    if kept != still and isinstance(after, tuple):
        yield f"reordered {path}: {''.join(still)}"


def _changed(before: Any, after: Any, path: str, field: str) -> str:
    if field in HIDDEN or isinstance(before, Secret) or isinstance(after, Secret):
        return f"changed {path} (not shown)"
    return f"changed {path}: {before!r} -> {after!r}"


def _parts(value: Any) -> dict[str, Any] | None:
    """Return what is inside of a value, by what it adds to the path; None if there is nothing inside."""
    match value:
        case ProviderSettings():
            account = {part: one for part, one in _fields(value).items() if part not in ELSEWHERE}
            return account | _fields(value.settings)
        case msgspec.Struct():
            return _fields(value)
        case Mapping():
            return {f".{key}": one for key, one in value.items()}
        case tuple() if all(isinstance(one, msgspec.Struct) for one in value):
            return {f"[{getattr(one, 'name', at)}]": one for at, one in enumerate(value)}
    return None


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {f".{field.encode_name}": getattr(struct, field.name) for field in msgspec.structs.fields(struct)}
