"""What a process asks of its event loop and of its memory: waits that end, writes made together, no sleep and no page given back in vain."""
