"""Tells of the interpreter that runs it: which it is, its version, whether its build is `optimised` or `plain`, its place.

The scripts beside it choose by that line, and the benchmark of gateways says by it what was measured.
"""

import platform
import sys
import sysconfig
from pathlib import Path


def optimised(configured: str) -> bool:
    """Whether CPython was compiled with a profile of itself at work, by its arguments of `configure`.

    Debian and Ubuntu do so for theirs by other means, and take all word of it out of what sysconfig tells; what stays is where
    they keep pip's wheels.
    """
    return "--enable-optimizations" in configured or "--with-wheel-pkg-dir=/usr/share/python-wheels" in configured


def line() -> str:
    """Return what there is to tell."""
    build = "optimised" if optimised(sysconfig.get_config_var("CONFIG_ARGS") or "") else "plain"
    place = Path(sys.executable).resolve()
    return f"{platform.python_implementation()} {platform.python_version()} {build} {place}\n"


if __name__ == "__main__":
    sys.stdout.write(line())
