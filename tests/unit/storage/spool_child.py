"""Processes that write to a spool and come to harm: killed in the middle of it, or out of disk."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from quarterdeck.core.errors import Unavailable
from quarterdeck.storage.spool import Spool


def append_for_ever(folder: Path) -> None:
    """Append numbered payloads of many sizes; each number goes to stdout once its payload is kept."""
    spool = Spool(folder, segment_bytes=200_000)
    spool.open()
    number = 0
    while True:
        spool.append(f"{number} ".encode().ljust(10 + number * 37 % 9000, b"x"))
        os.write(1, f"{number}\n".encode())
        number += 1


def append_without_space(folder: Path) -> None:
    """Fill a disk that holds 64 kB a file, then get more of it. Says how many payloads were kept, then how it went."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    spool = Spool(folder)
    spool.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    kept = 0
    refusals = []
    for number in range(12):
        try:
            spool.append(f"{number} ".encode().ljust(9_000, b"x"))
            kept += 1
        except Unavailable as error:
            refusals.append(error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    spool.append(b"after")
    spool.close()
    sys.stdout.write(f"{kept}\n{len(refusals)}\n{refusals[0]}\n")


if __name__ == "__main__":
    {"append_for_ever": append_for_ever, "append_without_space": append_without_space}[sys.argv[1]](Path(sys.argv[2]))
