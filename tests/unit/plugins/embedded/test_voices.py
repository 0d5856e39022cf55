import pytest

from plugins.embedded import EmbeddedProvider
from plugins.embedded.voices import Catalogue, EspeakLimits, Found
from router.contract import Declined, SpeechRequest

FOUND = (
    Found("iro/chr", "Cherokee", ((5, "chr-US-x-west"),), None),
    Found("gmw/en-GB-x-rp", "English (Received Pronunciation)", ((5, "en-gb-x-rp"), (4, "en-gb")), "male"),
    Found("gmw/en", "English (Great Britain)", ((2, "en-gb"), (2, "en")), "male"),
    Found("gmw/en-US", "English (America)", ((2, "en-us"), (3, "en")), "male"),
    Found("roa/fr", "French (France)", ((5, "fr-fr"), (5, "fr")), "male"),
    Found("sit/yue", "Chinese (Cantonese)", ((5, "yue"), (8, "zh")), "male"),
    Found("sit/yue-Latn", "Chinese (Cantonese, Latin)", ((5, "yue"), (8, "zh")), "male"),
)
VARIANTS = ("klatt3", "Mr serious")


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(FOUND, VARIANTS, "en-us")


@pytest.fixture
def limits(catalogue: Catalogue) -> EspeakLimits:
    return EspeakLimits(
        formats=(),
        characters=10,
        voices=catalogue.voices,
        variants=catalogue.variants,
        languages=catalogue.languages,
        options=frozenset({"language"}),
    )


def test_ids_are_tags(catalogue: Catalogue) -> None:
    """A voice's id is its first tag, or its file's name where an earlier voice has that tag; all lower case."""
    ids = [voice.id for voice in catalogue.voices]
    assert ids == ["chr-us-x-west", "en-gb-x-rp", "en-gb", "en-us", "fr-fr", "yue", "yue-latn"]


def test_every_id_leads_to_its_own_voice(catalogue: Catalogue) -> None:
    """An id is never another voice's better tag."""
    assert [catalogue.file(voice.id) for voice in catalogue.voices] == [found.file for found in FOUND]


@pytest.mark.parametrize(
    ("voice", "language", "file"),
    [
        (None, None, "gmw/en-US"),
        ("default", None, "gmw/en-US"),
        ("DEFAULT", "fr", "roa/fr"),
        (None, "en", "gmw/en-US"),
        (None, "en-AU", "gmw/en-US"),
        (None, "en-GB", "gmw/en"),
        (None, "fr-CA", "roa/fr"),
        (None, "chr", "iro/chr"),
        (None, "zh-TW", "sit/yue"),
        ("en", None, "gmw/en"),
        ("EN-US+Klatt3", None, "gmw/en-US+klatt3"),
        ("fr+mr serious", "fr", "roa/fr+Mr serious"),
    ],
)
def test_voice_chosen(catalogue: Catalogue, voice: str | None, language: str | None, file: str) -> None:
    """The name asked for wins; else the default if it speaks the language, else the language's best voice."""
    assert catalogue.choose(voice, language) == file


@pytest.mark.parametrize(("voice", "language"), [("nobody", None), ("en-us+nobody", None), (None, "tlh")])
def test_unknown_is_declined(catalogue: Catalogue, voice: str | None, language: str | None) -> None:
    """A voice, variant or language that got past the offer is an error, never another voice."""
    with pytest.raises(Declined):
        catalogue.choose(voice, language)


def test_default_keeps_its_variant() -> None:
    """A default with a variant speaks every tag of the voice it varies."""
    catalogue = Catalogue(FOUND, VARIANTS, "en-us+klatt3")
    assert catalogue.choose(None, "en") == "gmw/en-US+klatt3"


@pytest.mark.parametrize(
    ("voice", "known"),
    [
        (None, True),
        ("default", True),
        ("fr-fr", True),
        ("fr", True),
        ("FR-fr", True),
        ("fr-fr+klatt3", True),
        ("fr-fr+Mr Serious", True),
        ("fr-fr+", False),
        ("fr-fr+nobody", False),
        ("fr-fr+klatt3+klatt3", False),
        ("+klatt3", False),
        ("../fr", False),
        ("", False),
    ],
)
def test_names_an_offer_knows(limits: EspeakLimits, voice: str | None, known: bool) -> None:
    """Ids and tags are known in any case, alone or with a listed variant."""
    assert limits.knows_voice(voice) is known


@pytest.mark.parametrize(
    ("voice", "language", "why"),
    [
        ("en-us", "fr", "has no voice 'en-us' for fr"),
        ("en-us+klatt3", "fr", "has no voice 'en-us+klatt3' for fr"),
        ("nobody", None, "has no voice 'nobody'"),
        ("default", "tlh", "does not speak tlh"),
        ("en-us", "en-gb", None),
        ("default", "fr", None),
    ],
)
def test_reasons_to_decline(limits: EspeakLimits, voice: str, language: str | None, why: str | None) -> None:
    """An offer declines a voice that does not speak the language asked for, and says so."""
    assert limits.why_not(SpeechRequest(text="x", voice=voice, language=language)) == why


@pytest.mark.asyncio(loop_scope="session")
async def test_all_of_espeak_is_listed(embedded: EmbeddedProvider) -> None:
    """The offer lists espeak-ng's 141 voices with their 151 tags, and 104 variants."""
    limits = embedded.offers()[0].limits
    assert isinstance(limits, EspeakLimits)
    voices = {voice.id: voice for voice in limits.voices or ()}
    assert (len(voices), len(limits.languages or ()), len(limits.variants)) == (141, 151, 104)
    assert voices["en-us"].name == "English (America)"
    assert voices["fr-fr"].languages == ("fr-fr", "fr")
    assert {"klatt3", "edward", "f3"} <= set(limits.variants)
