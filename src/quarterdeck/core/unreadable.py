"""What reading somebody else's JSON can raise: it is broken, it is no text, or it is nested so as to exhaust whoever reads."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
