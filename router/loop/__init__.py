"""What is asked of the event loop: an end to waits that last too long, and that many writes are made together."""
