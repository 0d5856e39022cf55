"""Tells of the interpreter that runs it: which it is, its version, whether its build is `optimised` or `plain`, its place.

The scripts beside it choose by that line, and the benchmark of gateways says by it what was measured.
"""

import platform
import sys
import sysconfig
from pathlib import Path


def optimised(configured: str, prefix: str, *, debian: bool) -> bool:
    """Whether CPython was compiled with a profile of itself at work, by its arguments of `configure` and its prefix.

    Debian and Ubuntu do so for theirs by other means, and take all word of it out of what sysconfig tells.
    """
    return "--enable-optimizations" in configured or (debian and prefix == "/usr")


def line() -> str:
    """Return what there is to tell."""
    debian = Path("/etc/debian_version").exists()
    built = optimised(sysconfig.get_config_var("CONFIG_ARGS") or "", sys.base_prefix, debian=debian)
    place = Path(sys.executable).resolve()
    version = platform.python_version()
    return f"{platform.python_implementation()} {version} {'optimised' if built else 'plain'} {place}\n"


if __name__ == "__main__":
    sys.stdout.write(line())
