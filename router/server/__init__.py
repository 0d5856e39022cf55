"""The HTTP server under the application: who listens, in how many processes, and how HTTP is spoken to callers."""
