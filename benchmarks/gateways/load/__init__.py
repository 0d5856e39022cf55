"""The callers: as many connections as wanted, each asking again as soon as it was answered, with every answer timed."""
