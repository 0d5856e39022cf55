"""How many processes serve a configuration, and how much each of them may do of what is allowed to all."""

import msgspec

from router.engine.settings.checks import cross_checks
from router.engine.settings.problems import SettingsError
from router.engine.settings.tree import RouterSettings


def served_by(tree: RouterSettings, workers: int | None) -> RouterSettings:
    """Return the configuration for so many processes, whatever it says itself; None for as many as it says.

    Raises `SettingsError` if they cannot share it.
    """
    if workers is None:
        return tree
    changed = msgspec.structs.replace(tree, server=msgspec.structs.replace(tree.server, workers=workers))
    if problems := cross_checks(changed):
        raise SettingsError(problems)
    return changed


def share(limit: int | None, processes: int) -> int | None:
    """Return what one of the processes may do at once, so that all keep the limit together: rounded down, at least one."""
    return None if limit is None else max(limit // processes, 1)
