"""Shorter inputs: a budget of tokens for a request, and retrieved context cut down to what the question needs."""
