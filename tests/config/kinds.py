"""Two kinds of provider that exist for configurations only, and what references lead to in these tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from router.contract import AnyOffer, HttpProvider, HttpSettings, Provider, Settings, hook
from router.engine.registry import Missing, Registry

HERE = Path(__file__).parent
ENV = {"PARROT_KEY": "polly-s3cret", "BLANK": ""}


class ParrotSettings(HttpSettings, frozen=True, kw_only=True):
    """One setting of each sort that a kind may have."""

    base_url: str = "https://parrot.example"
    api_key: str
    pitch: Annotated[float, msgspec.Meta(ge=0.5, le=2)] = 1.0
    repeats: int = 1
    mood: Literal["calm", "shrill"] = "calm"
    loud: bool = False
    perch: Path | None = None
    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.loud and self.mood == "calm":
            raise ValueError("a calm parrot is not loud")


class Parrot(HttpProvider[ParrotSettings]):
    kind = "parrot"
    settings_type = ParrotSettings

    def offers(self) -> Sequence[AnyOffer]:
        return ()


class Echo(Provider[Settings]):
    kind = "echo"
    settings_type = Settings

    def offers(self) -> Sequence[AnyOffer]:
        return ()


class Zoo:
    @hook
    def media_providers(self) -> Sequence[type[Provider[Any]]]:
        return [Parrot, Echo]


def zoo() -> Registry:
    """Return a registry of both kinds, and of a third that is not installed."""
    statue = Missing("No module named 'marble'", "pip install 'media-router[statue]'")
    return replace(Registry.of(zoo=Zoo()), missing={"statue": statue})


def read(path: Path) -> str:
    """Stand for the file system: one secret, one file with nothing in it, and none else."""
    files = {"key.txt": "polly-s3cret\n", "blank.txt": "\n"}
    if path.name not in files:
        raise FileNotFoundError(2, "No such file or directory")
    return files[path.name]
