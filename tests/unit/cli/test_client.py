"""The HTTP client of the command line, against real sockets that behave badly."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from quarterdeck.cli.client import Client
from quarterdeck.cli.exits import ExitCode, Unreachable, WrongUse, exit_code
from quarterdeck.core.errors import Conflict, InvalidInput, LimitReached, NotFound, QuarterdeckError, Unauthenticated
from tests.unit.cli.conftest import Quarterdeck


def response(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


def refusal(status: str, message: str) -> bytes:
    body = f'{{"error":{{"message":"{message}","type":"x","param":null,"code":"x","request_id":"req_7"}}}}'
    return response(body.encode(), status=status)


@contextmanager
def scripted(*connections: Callable[[socket.socket], None]) -> Iterator[Client]:
    """A server that treats each connection as told, in order, and then stops listening."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for treat in connections:
                taken, _ = listening.accept()
                with taken:
                    treat(taken)

        thread = threading.Thread(target=serve)
        thread.start()
        with closing(Client(f"http://127.0.0.1:{listening.getsockname()[1]}", "sk-qd-key")) as client:
            yield client
        thread.join(timeout=10)
        assert not thread.is_alive()


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    def treat(taken: socket.socket) -> None:
        for answer in answers:
            read_request(taken)
            taken.sendall(answer)

    return treat


def read_request(taken: socket.socket) -> None:
    """All of it: a socket closed on unread bytes would reset the connection."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += taken.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        missing -= len(taken.recv(65536))


def test_one_connection_carries_many_requests() -> None:
    with scripted(answering(response(b"1"), response(b"2"))) as client:
        assert [client.get("/a"), client.get("/b")] == [1, 2]


def test_a_kept_connection_that_was_cut_meanwhile_is_replaced_unseen() -> None:
    with scripted(answering(response(b"1")), answering(response(b"2"))) as client:
        assert [client.get("/a"), client.get("/b")] == [1, 2]


def test_a_new_connection_that_is_cut_is_not_tried_again() -> None:
    with scripted(answering(b"")) as client, pytest.raises(Unreachable, match="cannot be reached"):
        client.get("/a")


def test_a_post_never_rides_on_an_old_connection() -> None:
    with scripted(answering(response(b"1")), answering(response(b"2"))) as client:
        assert [client.get("/a"), client.post("/b")] == [1, 2]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("400 Bad Request", InvalidInput, ExitCode.WRONG_USE),
        ("401 Unauthorized", Unauthenticated, ExitCode.NOT_AUTHORISED),
        ("404 Not Found", NotFound, ExitCode.NOT_FOUND),
        ("409 Conflict", Conflict, ExitCode.WRONG_USE),
        ("429 Too Many Requests", LimitReached, ExitCode.FAILED),
        ("500 Internal Server Error", QuarterdeckError, ExitCode.FAILED),
    ],
)
def test_an_error_of_the_server_is_the_same_error_here(
    status: str, kind: type[QuarterdeckError], code: ExitCode
) -> None:
    with scripted(answering(refusal(status, "It is so."))) as client, pytest.raises(kind) as raised:
        client.get("/a")

    assert type(raised.value) is kind
    assert raised.value.message.startswith("It is so.")
    assert exit_code(raised.value) == code


def test_the_request_id_is_told_when_the_server_itself_is_to_blame() -> None:
    with scripted(answering(refusal("500 Oh", "It is so."))) as client, pytest.raises(QuarterdeckError, match="req_7"):
        client.get("/a")


def test_something_that_is_no_quarterdeck_is_recognised() -> None:
    with (
        scripted(answering(response(b"<html>hello</html>"))) as client,
        pytest.raises(Unreachable, match="not as a Quarterdeck server does"),
    ):
        client.get("/a")


def test_an_early_refusal_of_a_large_body_is_read_and_not_lost() -> None:
    def refuse_early(taken: socket.socket) -> None:
        taken.recv(1000)
        taken.sendall(refusal("413 Too Large", "Too large."))
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(1 << 20):
            pass

    with scripted(refuse_early) as client, pytest.raises(QuarterdeckError, match=r"Too large\."):
        client.upload("/a", b"x" * 20_000_000)


def test_a_stream_gives_its_headers_at_once_and_its_events_as_they_come() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Trace: 7\r\n\r\n"
    body = b': hello\n\ndata: {"n": 1}\n\nevent: x\ndata: {"n": 2}\n\ndata: [DONE]\n\n'

    with scripted(answering(head + body)) as client:
        stream = client.stream("/a", {})

        assert stream.headers["x-trace"] == "7"
        assert [event["n"] for event in stream.events] == [1, 2]


def test_a_stream_that_breaks_off_is_not_taken_for_an_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"

    with scripted(answering(head + b'data: {"n": 1}\n\n')) as client:
        events = client.stream("/a", {}).events

        assert next(events) == {"n": 1}
        with pytest.raises(Unreachable, match="broke off"):
            next(events)


def test_an_error_within_a_stream_is_raised() -> None:
    body = b'HTTP/1.1 200 OK\r\n\r\ndata: {"error": {"message": "The provider fell silent."}}\n\ndata: [DONE]\n\n'

    with scripted(answering(body)) as client, pytest.raises(QuarterdeckError, match="fell silent"):
        list(client.stream("/a", {}).events)


@pytest.mark.parametrize("url", ["127.0.0.1:4321", "ftp://127.0.0.1", "http://127.0.0.1:port", "http://[::1", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(WrongUse, match="no address"):
        Client(url, "sk-qd-key")


def test_an_answer_that_nobody_expects_ends_in_a_sentence_and_not_in_a_traceback(alone: Quarterdeck) -> None:
    with scripted(answering(response(b"[]"))) as client:
        result = alone("keys", QUARTERDECK_URL=client.url, QUARTERDECK_API_KEY="sk-qd-key")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: This is a mistake of Quarterdeck: TypeError")
    assert "Traceback" not in result.stderr


def test_all_pages_of_a_list_are_one_page() -> None:
    first = response(b'{"items": [1, 2], "next_cursor": "c d", "total": 3}')
    second = response(b'{"items": [3], "next_cursor": null, "total": 3}')

    with scripted(answering(first, second)) as client:
        assert client.items("/a", limit=2) == {"items": [1, 2, 3], "next_cursor": None, "total": 3}
