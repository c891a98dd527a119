"""The translation matrix: every dialect of clients, before every provider, with everything that both may hold."""
