"""The providers that ship with the router; each registers by the same entry point an outsider's would."""
