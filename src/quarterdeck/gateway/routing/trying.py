"""Drives a course: makes the attempts, one after the other, until one of them answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.routing.course import Attempt, Course

T = TypeVar("T")

_MOST_HELD = 64


async def answered(
    course: Course,
    call: Callable[[Attempt], Awaitable[T]],
    leave: Callable[[Attempt, QuarterdeckError], Awaitable[None]],
) -> T:
    """One answer as a whole. `leave` puts an attempt away that failed."""
    attempt = course.first()
    while True:
        try:
            await attempt.begin()
            answer = await call(attempt)
        except QuarterdeckError as error:
            following = attempt.fail(error)
            await leave(attempt, error)
            if following is None:
                raise course.final(error) from error
        except BaseException:
            attempt.abandon()
            raise
        else:
            attempt.succeed()
            return answer
        attempt = await _after_a_pause(following)


async def streamed(
    course: Course,
    open_: Callable[[Attempt], AsyncGenerator[T, None]],
    speaks: Callable[[Attempt, T], bool],
    leave: Callable[[Attempt, QuarterdeckError], Awaitable[None]],
) -> AsyncGenerator[T, None]:
    """An answer piece by piece. What comes before its first token is held back: until then, somebody else can answer."""
    attempt = course.first()
    while True:
        held: list[T] = []
        try:
            await attempt.begin()
            async with aclosing(open_(attempt)) as pieces:
                async for piece in pieces:
                    if attempt.begun:
                        yield piece
                        continue
                    held.append(piece)
                    if len(held) > _MOST_HELD or speaks(attempt, piece):
                        attempt.speaks()
                        for one in held:
                            yield one
            if not attempt.begun:
                for one in held:
                    yield one
            attempt.succeed()
            return
        except QuarterdeckError as error:
            following = attempt.fail(error)
            await leave(attempt, error)
            if following is None:
                raise course.final(error) from error
        finally:
            attempt.abandon()
        attempt = await _after_a_pause(following)


async def _after_a_pause(attempt: Attempt) -> Attempt:
    if attempt.pause_s > 0:
        await asyncio.sleep(attempt.pause_s)
    return attempt
