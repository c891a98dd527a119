"""Readers of other gateways' configurations: one file each."""
