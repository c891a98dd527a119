"""Strategies, one a file: found by being here."""
