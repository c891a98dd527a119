"""The spool keeps what it took, whatever happens to the process, the disk or the power."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.core.errors import SetupError, Unavailable
from quarterdeck.storage.spool import Spool, SpoolPosition

START = SpoolPosition()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    spool = Spool(folder, segment_bytes=1000)
    spool.open()
    yield spool
    spool.close()


def payloads_of(folder: Path) -> list[bytes]:
    """Everything that a new process finds in a spool."""
    spool = Spool(folder)
    spool.open()
    try:
        return everything(spool)
    finally:
        spool.close()


def everything(spool: Spool, position: SpoolPosition = START) -> list[bytes]:
    return spool.read(position, max_bytes=10**9).payloads


def newest_segment(folder: Path) -> Path:
    return max(folder.glob("*.spool"))


def test_payloads_are_read_in_the_order_they_were_appended_across_segments(spool: Spool, folder: Path) -> None:
    appended = [f"payload {number}".encode() * 10 for number in range(50)]

    for payload in appended:
        spool.append(payload)

    assert everything(spool) == appended
    assert len(list(folder.glob("*.spool"))) > 5


def test_a_reader_goes_on_where_it_stopped(spool: Spool) -> None:
    for number in range(20):
        spool.append(b"%d" % number * 50)

    first = spool.read(START, max_bytes=500)
    second = spool.read(first.until, max_bytes=10**9)

    assert 0 < len(first.payloads) < 20
    assert first.payloads + second.payloads == [b"%d" % number * 50 for number in range(20)]
    assert second.until == spool.end
    assert spool.read(second.until).payloads == []


def test_a_payload_larger_than_a_segment_and_a_batch_is_kept_whole(spool: Spool) -> None:
    large = b"x" * 100_000
    spool.append(b"before")

    spool.append(large)
    spool.append(b"after")

    assert everything(spool) == [b"before", large, b"after"]
    assert spool.read(spool.read(START, max_bytes=1).until, max_bytes=1).payloads == [large]


def test_a_torn_tail_is_cut_off_and_reported(folder: Path) -> None:
    spool = Spool(folder)
    spool.open()
    spool.append(b"whole")
    spool.append(b"this one will be torn")
    spool.close()
    segment = newest_segment(folder)
    segment.write_bytes(segment.read_bytes()[:-5])

    spool = Spool(folder)
    recovery = spool.open()
    spool.append(b"written after the crash")
    found = everything(spool)
    spool.close()

    assert recovery.cut_bytes == 12 + len(b"this one will be torn") - 5
    assert found == [b"whole", b"written after the crash"]


def test_zeros_at_the_end_as_a_power_cut_leaves_them_are_cut_off(folder: Path) -> None:
    spool = Spool(folder)
    spool.open()
    spool.append(b"whole")
    spool.close()
    with newest_segment(folder).open("ab") as file:
        file.write(bytes(4096))

    spool = Spool(folder)
    recovery = spool.open()
    spool.close()

    assert recovery.cut_bytes == 4096
    assert payloads_of(folder) == [b"whole"]


def test_a_segment_that_was_cut_off_at_birth_is_no_obstacle(folder: Path) -> None:
    spool = Spool(folder)
    spool.open()
    spool.append(b"whole")
    spool.close()
    (folder / "0000000002.spool").write_bytes(b"QDSP")

    assert payloads_of(folder) == [b"whole"]


def test_a_damaged_payload_does_not_take_the_ones_behind_it_along(folder: Path) -> None:
    spool = Spool(folder)
    spool.open()
    for payload in (b"first", b"second", b"third"):
        spool.append(payload)
    spool.close()
    segment = newest_segment(folder)
    segment.write_bytes(segment.read_bytes().replace(b"second", b"sXcond"))

    spool = Spool(folder)
    recovery = spool.open()
    batch = spool.read(START)
    spool.close()

    assert recovery.damaged_frames == 1
    assert batch.payloads == [b"first", b"third"]
    assert batch.damaged == 1


def test_segments_that_are_stored_are_deleted_and_items_are_still_counted(folder: Path) -> None:
    spool = Spool(folder, segment_bytes=1000)
    spool.open()
    for _ in range(30):
        spool.append(b"x" * 300, count=7)

    spool.forget(spool.end)
    spool.close()

    assert len(list(folder.glob("*.spool"))) == 1
    again = Spool(folder)
    again.open()
    assert again.items == 210
    again.close()


def test_items_behind_a_position_are_counted_on_the_disk(spool: Spool) -> None:
    spool.append(b"x" * 600, count=3)
    middle = spool.end
    spool.append(b"y" * 600, count=4)
    spool.append(b"z" * 600, count=5)

    assert spool.count_after(START) == 12
    assert spool.count_after(middle) == 9
    assert spool.count_after(spool.end) == 0


def test_an_emptied_folder_goes_on_behind_what_was_already_stored(folder: Path) -> None:
    stored = SpoolPosition(segment=7, offset=5000)
    spool = Spool(folder)

    spool.open(after=stored, items=123)
    spool.append(b"new")

    assert spool.end > stored
    assert spool.items == 124
    assert everything(spool, stored) == [b"new"]
    spool.close()


def test_a_second_writer_is_refused_and_told_who_the_first_is(spool: Spool, folder: Path) -> None:
    with pytest.raises(SetupError, match=r"in use by another Quarterdeck \(process \d+\)"):
        Spool(folder).open()


def test_a_closed_spool_takes_nothing(folder: Path) -> None:
    spool = Spool(folder)
    spool.open()
    spool.close()

    with pytest.raises(Unavailable, match="closed"):
        spool.append(b"too late")


def test_a_full_disk_is_said_with_its_remedy_and_passes(folder: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.storage.spool_child", "append_without_space", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    kept, refused, message = child.stdout.splitlines()

    assert (int(kept), int(refused)) == (7, 5)
    assert "Free some disk space; the server goes on by itself." in message
    found = payloads_of(folder)
    assert [payload.split()[0] for payload in found] == [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"after"]


@pytest.mark.parametrize("kept_before_the_kill", [1, 50, 400])
def test_a_killed_writer_loses_nothing_that_it_has_acknowledged(folder: Path, kept_before_the_kill: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.storage.spool_child", "append_for_ever", str(folder)],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(kept_before_the_kill)]
    child.kill()
    acknowledged += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()

    numbers = [int(payload.split()[0]) for payload in payloads_of(folder)]

    # One payload may be kept whose acknowledgement the kill cut off.
    assert numbers in (acknowledged, [*acknowledged, len(acknowledged)])
