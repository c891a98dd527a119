"""Routing: one public name, several models behind it, and what happens when one of them fails."""
