"""Which voices espeak-ng has, under the names a person would type, and which one a request means."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from router.contract import Declined, SpeechLimits, SpeechRequest, Voice
from router.contract.limits import speaks_language

DEFAULT = "default"


class Found(NamedTuple):
    """A voice as the engine lists it; of its language tags, the smaller number is the better match."""

    file: str
    name: str
    tags: tuple[tuple[int, str], ...]
    gender: str | None


class EspeakLimits(SpeechLimits, frozen=True, kw_only=True):
    """Limits of a speech offer whose voices take variants.

    Accepted as a voice, in any case: `default`; the id of a listed voice; any of its language tags, meaning the
    best voice for that tag; and each of the last two followed by `+` and one of `variants`: `en-us+klatt3`.
    The product of both (some 15,000 names) is not listed.
    """

    variants: tuple[str, ...] = ()

    def knows_voice(self, voice: str | None) -> bool:
        """Whether the voice may be asked for by this name."""
        if is_default(voice):
            return True
        name, plus, variant = (voice or "").lower().partition("+")
        known = any(name == one.id or name in one.languages for one in self.voices or ())
        return known and (not plus or any(variant == one.lower() for one in self.variants))

    def why_not(self, request: SpeechRequest) -> str | None:
        """Return why this offer declines `request`; a voice asked for must speak the language asked for."""
        return super().why_not(request) or self._at_odds(request.voice, request.language)

    def _at_odds(self, voice: str | None, language: str | None) -> str | None:
        name = (voice or DEFAULT).lower().partition("+")[0]
        known = [one for one in self.voices or () if name == one.id or name in one.languages]
        if not known or any(speaks_language(language, frozenset(one.languages)) for one in known):
            return None
        return f"has no voice {voice!r} for {language}"


class Catalogue:
    """Every voice by every name. Raises KeyError if there is no `default` among them.

    A voice's id is the first of its tags, or the name of its file if a voice before it took that; all lower case.
    """

    def __init__(self, found: Sequence[Found], variants: Sequence[str], default: str) -> None:
        self.variants = tuple(variants)
        self._variants = {variant.lower(): variant for variant in variants}
        self._files = _best_by_tag(found)
        listed: dict[str, Voice] = {}
        for one in found:
            voice = _voice(one, listed)
            listed[voice.id] = voice
            self._files.setdefault(voice.id, one.file)
        self.voices = tuple(listed.values())
        self.languages = frozenset(tag for voice in self.voices for tag in voice.languages)
        self._default = default
        file = self.file(default).partition("+")[0]
        self._default_tags = {tag.lower() for one in found if one.file == file for _, tag in one.tags}

    def file(self, voice: str) -> str:
        """Return espeak's own name for a voice; KeyError if there is none."""
        name, plus, variant = voice.lower().partition("+")
        return self._files[name] + (plus and plus + self._variants[variant])

    def choose(self, voice: str | None, language: str | None) -> str:
        """Return espeak's name for the voice a request means.

        Without a voice it is the default, unless that does not speak the language asked for; then the best
        for the language, or for what is left of its tag when regions are dropped, or for one of its regions.
        """
        try:
            if not is_default(voice):
                return self.file(voice or self._default)
            return self._speaking(language)
        except KeyError:
            raise Declined("no such voice or language") from None

    def _speaking(self, language: str | None) -> str:
        for tag in self._related(language.lower()) if language else ():
            if tag in self._default_tags:
                break
            if tag in self._files:
                return self._files[tag]
        else:
            if language:
                raise KeyError(language)
        return self.file(self._default)

    def _related(self, tag: str) -> Iterator[str]:
        parts = tag.split("-")
        yield from ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
        yield from (longer for longer in self._files if longer.startswith(f"{tag}-"))


def is_default(voice: str | None) -> bool:
    """Whether a request leaves the choice of voice to us."""
    return voice is None or voice.lower() == DEFAULT


def _best_by_tag(found: Sequence[Found]) -> dict[str, str]:
    ranked = sorted(((priority, tag.lower(), one.file) for one in found for priority, tag in one.tags), key=_rank)
    best: dict[str, str] = {}
    for _, tag, file in ranked:
        best.setdefault(tag, file)
    return best


def _rank(entry: tuple[int, str, str]) -> int:
    return entry[0]


def _voice(one: Found, taken: dict[str, Voice]) -> Voice:
    tags = tuple(tag.lower() for _, tag in one.tags)
    name = tags[0] if tags[0] not in taken else one.file.rpartition("/")[2].lower()
    return Voice(id=name, name=one.name, languages=tags, gender=one.gender)
