"""Gives memory back to the operating system after work that needed much of it for a moment."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let go of what was freed but is still held. glibc keeps it for later; other systems do this by themselves."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has no such function
        if trim is not None:
            trim(0)
