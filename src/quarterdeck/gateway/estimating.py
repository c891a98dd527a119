"""What a request may need before anybody knows: from its size, from what the client allows, from what others like it took."""

from __future__ import annotations

from collections import OrderedDict

from quarterdeck.access.limits.rulebook import Needs
from quarterdeck.gateway.price_rows import Rates

_BYTES_PER_TOKEN = 4
_FIRST_GUESS_OUTPUT = 1_000
_NEW_SHARE = 0.125
_MOST_TARGETS = 10_000
_TOKENS_OF_AN_IMAGE = 1_000
_LONG_ENOUGH_FOR_AN_IMAGE = 8_192
_STARTS_OF_DATA = (b";base64,", b'"data":"', b'"data": "')


class Average:
    """What calls of one target take: a mean and a deviation that follow the newest, as TCP estimates its timeouts."""

    __slots__ = ("_deviation", "_mean")

    def __init__(self, first: float) -> None:
        self._mean = first
        self._deviation = first / 2

    def learn(self, seen: float) -> None:
        """One more call."""
        self._deviation += (abs(seen - self._mean) - self._deviation) * 2 * _NEW_SHARE
        self._mean += (seen - self._mean) * _NEW_SHARE

    @property
    def high(self) -> int:
        """What nearly all calls stay below."""
        return int(self._mean + 3 * self._deviation) + 1


class Averages:
    """What calls took, by target; the targets that were quiet longest are forgotten."""

    def __init__(self) -> None:
        self._output: OrderedDict[str, Average] = OrderedDict()
        self._cost: OrderedDict[str, Average] = OrderedDict()

    def learn(self, target: str, took: Needs) -> None:
        """A call of a target took this."""
        if took.output_tokens:
            _learn(self._output, target, took.output_tokens)
        if took.cost_pico:
            _learn(self._cost, target, took.cost_pico)

    def output_tokens(self, target: str) -> int:
        """How long an answer may get when the client sets no bound."""
        known = self._output.get(target)
        return _FIRST_GUESS_OUTPUT if known is None else known.high

    def cost_pico(self, target: str) -> int | None:
        """What a call may cost, when nobody knows prices; None when there was none yet."""
        known = self._cost.get(target)
        return None if known is None else known.high


def needs_of_model(size: int, most_output: int | None, averages: Averages, target: str, rates: Rates | None) -> Needs:
    """What a call of a model may need. Where the client bounds the answer, no more than this will be used."""
    input_tokens = size // _BYTES_PER_TOKEN + 1
    output_tokens = averages.output_tokens(target) if most_output is None else most_output
    cost = averages.cost_pico(target)
    if rates is not None:
        highest_input = max(rates.input or 0, rates.cache_write or 0)
        cost = input_tokens * highest_input + output_tokens * (rates.output or 0)
    # An unknown price is not 0: a spent budget refuses such a call, a fresh one lets it in.
    return Needs(input_tokens, output_tokens, 1 if cost is None else cost)


def needs_of_app(size: int, most_output: int | None, averages: Averages, name: str) -> Needs:
    """What an answer of an app may need: its prompt and passages are its own, so only experience tells."""
    output_tokens = averages.output_tokens(name) if most_output is None else most_output
    return Needs(size // _BYTES_PER_TOKEN + 1, output_tokens, averages.cost_pico(name) or 1)


def text_bytes(body: bytes) -> int:
    """The size of a body without the images and files in it, which are not paid by the letter."""
    if len(body) < _LONG_ENOUGH_FOR_AN_IMAGE:
        return len(body)
    size = len(body)
    for start in _STARTS_OF_DATA:
        at = body.find(start)
        while at >= 0:
            end = body.find(b'"', at + len(start))
            end = len(body) if end < 0 else end
            if end - at >= _LONG_ENOUGH_FOR_AN_IMAGE // 8:
                size -= end - at - _TOKENS_OF_AN_IMAGE * _BYTES_PER_TOKEN
            at = body.find(start, end)
    return max(size, 0)


def _learn(averages: OrderedDict[str, Average], target: str, seen: int) -> None:
    known = averages.get(target)
    if known is None:
        while len(averages) >= _MOST_TARGETS:
            averages.popitem(last=False)
        averages[target] = Average(seen)
    else:
        known.learn(seen)
        averages.move_to_end(target)
