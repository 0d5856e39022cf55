"""Gateways for audio against one another: the same requests through each, on one core, in turn."""
