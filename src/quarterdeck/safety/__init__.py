"""Checks on what goes in and what comes out."""
