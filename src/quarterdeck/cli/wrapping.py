"""Wraps a text at the edge of the terminal while it is still coming in."""

from __future__ import annotations

import re
import sys

from quarterdeck.cli import show
from quarterdeck.cli.harmless import harmless

_WIDEST = 100


class Wrapper:
    """Writes to stdout word by word. Into a pipe it writes everything as it is."""

    def __init__(self) -> None:
        console = show.console()
        self._width = min(console.width, _WIDEST) if console.is_terminal else None
        self._colour = console.is_terminal and console.color_system is not None and not console.no_color
        self._column = 0
        self._word = ""
        self._space = ""
        self._wrote = False

    def write(self, text: str) -> None:
        """Some more text."""
        self._wrote = True
        if self._width is None:
            self._out(text)
            return
        *whole, self._word = re.split(r"(?<=\s)", self._word + harmless(text))
        for word in whole:
            self._put(word)
        sys.stdout.flush()

    def end(self) -> None:
        """The text is over: the last word, and a line end."""
        if self._word:
            self._put(self._word)
        if self._wrote:
            self._out("\n")

    def _put(self, word: str) -> None:
        plain = word.rstrip()
        if self._column and self._width and self._column + len(self._space) + len(plain) > self._width:
            self._column, self._space = 0, "\n"
        # The marks `[1]` are what the eye looks for.
        marked = re.sub(r"(\[\d+\])", "\x1b[36m\\1\x1b[0m", plain) if self._colour else plain
        self._out(self._space + marked)
        self._column += len(self._space.replace("\n", "")) + len(plain)
        # Held back: a space at the very edge of the terminal would begin a line of its own.
        self._space = word[len(plain) :]
        if "\n" in self._space:
            self._column = 0

    @staticmethod
    def _out(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
