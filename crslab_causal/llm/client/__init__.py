"""Calling a server: requests in flight, failures, budget, and the store of what was answered."""
