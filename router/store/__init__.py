"""What outlives a process: records in a database, media in an object store, each behind a small protocol."""
