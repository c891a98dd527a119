"""Limits and budgets: what may be used in a window of time, by whom, and what was."""
