"""Extractive question answering: the answer is made of sentences that stand in the passages, or is not given."""
