"""How the tables came to be what router/store/tables.py says. A migration that was released is never changed.

They only add: replicas of the version before go on writing while the first new one starts.
"""

from typing import Final

HEAD: Final = "0003"
"""The newest revision."""
