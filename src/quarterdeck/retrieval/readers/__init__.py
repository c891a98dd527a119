"""Readers, one file type a file."""
