"""`media-router`, also as `python -m router`."""

from router.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="media-router")


if __name__ == "__main__":
    main()
