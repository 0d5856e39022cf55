import pytest

from router.testing.postgres import NoPostgres, postgres, programs


def test_a_server_that_does_not_start_says_why() -> None:
    """A setting that PostgreSQL does not know ends the start at once, with the server's own words."""
    if programs() is None:
        pytest.skip("needs postgresql, which is not installed")
    with pytest.raises(NoPostgres, match="no_such_setting"), postgres("no_such_setting=1"):
        """Not reached."""
