import subprocess
import sys

FEW = """
import resource
from router.cli.files import open_many

resource.setrlimit(resource.RLIMIT_NOFILE, (256, 2048))
print(open_many(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_as_many_files_as_the_system_lets_us() -> None:
    """The limit that a process may raise by itself is raised to the one that it may not, and told."""
    run = subprocess.run([sys.executable, "-c", FEW], capture_output=True, text=True, check=True)
    assert run.stdout == "2048 2048 2048\n"
