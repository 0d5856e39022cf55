"""Choosing, trying, failing over: one loop for every task."""
