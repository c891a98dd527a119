"""Span stores, one file each."""
