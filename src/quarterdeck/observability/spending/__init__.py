"""Spending: who spent how much on what, what was saved, where a month will end, and models without a price."""
