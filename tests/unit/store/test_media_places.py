from pathlib import Path

import pytest

from router.store.disk import DiskStore
from router.store.objects import ObjectStore
from router.store.places import open_media


def test_a_folder() -> None:
    """A file URL is a folder, whatever is in its name."""
    store = open_media("file:///var/lib/media%20router/films")
    assert isinstance(store, DiskStore)
    assert store.folder == Path("/var/lib/media router/films")


@pytest.mark.parametrize(
    ("url", "options"),
    [("s3://films/a", {}), ("gs://films/a", {"skip_signature": "true"}), ("az://films/a", {"account_name": "ours"})],
)
def test_a_bucket(url: str, options: dict[str, str]) -> None:
    """Each of the three kinds of object store is opened by its own scheme, and asked nothing yet."""
    assert isinstance(open_media(url, options), ObjectStore)


@pytest.mark.parametrize(
    "url", ["", "films", "/films", "file:films", "file://host/films", "http://h/films", "S3//films"]
)
def test_no_place_for_media(url: str) -> None:
    """Any other URL is refused, and told what there is."""
    with pytest.raises(ValueError, match="media is kept at file:///folder, s3://bucket"):
        open_media(url)


def test_what_a_folder_has_not() -> None:
    """Options meant for a bucket are not silently dropped with a folder."""
    with pytest.raises(ValueError, match="takes no options"):
        open_media("file:///films", {"region": "r"})
    with pytest.raises(ValueError, match="gives no links"):
        open_media("file:///films", links="https://films.example")
