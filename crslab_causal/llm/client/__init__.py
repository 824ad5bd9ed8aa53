"""The client of a language model: requests, retries, budget, and the store of all answers."""
