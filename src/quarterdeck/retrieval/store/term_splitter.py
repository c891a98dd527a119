"""The SQL of retrieval: the terms that a text has for the full-text index."""

from __future__ import annotations

import sqlite3
from threading import Lock

from quarterdeck.storage.tables import FULL_TEXT_TOKENIZER


class Terms:
    """Turns text into the terms of the full-text index, by the very tokenizer that made it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute(f"CREATE VIRTUAL TABLE said USING fts5(text, tokenize='{FULL_TEXT_TOKENIZER}')")
        self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab('said', 'instance')")

    def of(self, said: str) -> list[str]:
        """The terms of a text in order, repeated ones too."""
        said = said.encode("utf-8", "replace").decode()
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                self._connection.execute("INSERT INTO said (rowid, text) VALUES (1, ?)", (said,))
                return [term for (term,) in self._connection.execute("SELECT term FROM terms ORDER BY offset")]
            finally:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()
