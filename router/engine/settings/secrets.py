"""Secrets come by reference, `${env:NAME}` or `${file:/path}`, and are never shown."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from router.engine.settings.problems import Refused

REFERENCE: Final = r"^\$\{(?:env|file):[^}]+\}$"
PARTS: Final = re.compile(r"\$\{(\w*):?([^}]*)\}")
SECRET: Final = re.compile(r"(?:^|_)(?:key|token|secret|password|passphrase|credentials?)$", re.IGNORECASE)

ReadFile = Callable[[Path], str]


class Secret(str):
    """Text that a reference led to. It is the text, except that its `repr` does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class References:
    """Resolves references against an environment and the files beside the configuration.

    No message ever repeats what a reference led to, or a text that only begins like one.
    """

    def __init__(self, env: Mapping[str, str], folder: Path, read: ReadFile) -> None:
        self.env = env
        self.folder = folder
        self.read = read

    def resolve(self, text: str) -> str:
        """Return `text`, or what it refers to; raise `Refused`."""
        if "${" not in text:
            return text
        parts = PARTS.fullmatch(text)
        if parts is None:
            raise Refused("a reference must be the whole value", "write '${env:NAME}' with nothing around it")
        match parts[1], parts[2]:
            case "env", name if name:
                return self._environment(name)
            case "file", path if path:
                return self._file(path)
        raise Refused("unknown kind of reference", "write '${env:NAME}' or '${file:/path}'")

    def _environment(self, name: str) -> Secret:
        value = self.env.get(name)
        if not value:
            raise Refused(f"the environment variable {name} is {'not set' if value is None else 'empty'}")
        return Secret(value)

    def _file(self, path: str) -> Secret:
        try:
            value = self.read(self.folder / path).strip()
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Refused(f"{path} is not UTF-8 text") from error
        if not value:
            raise Refused(f"{path} is empty")
        return Secret(value)


def is_secret(field: str) -> bool:
    """Whether a setting of this name holds a secret, such as `api_key`, and so must be a reference."""
    return SECRET.search(field) is not None


def is_reference(text: str) -> bool:
    """Whether the text is a whole reference, whatever it leads to."""
    return text.startswith("${") and text.endswith("}")
