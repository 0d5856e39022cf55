"""What a process asks of its event loop and of its memory: an end to waits, writes made together, no page given back in vain."""
