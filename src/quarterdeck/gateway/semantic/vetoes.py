"""Differences that make two questions two, however alike they sound: another number, a denial, another name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quarterdeck.core.language import names, negations, terms, unaccented, words

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPELT = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
}
_NEARLY = 0.4
_PLAIN_ONE = {"one", "zero"}
"""*Which one*, *zero fees*: as words they seldom count anything."""
# Words of one line exclude each other: a question with one of them is not the question with another.
_ALTERNATIVES = tuple(
    frozenset(line.split())
    for line in """
    activate deactivate cancel
    add remove
    allow forbid
    approve reject
    accept decline
    before after
    block unblock
    borrow lend
    buy sell
    cheapest dearest
    credit debit
    deposit withdraw
    enable disable
    earliest latest
    early late
    start end
    enter exit
    first last
    highest lowest
    hire fire
    import export
    include exclude
    increase decrease reduce lower
    incoming outgoing
    install uninstall
    join leave
    largest smallest
    left right
    lock unlock
    login logout
    maximum minimum
    max min
    more less
    most least
    on off
    online offline
    open close
    pass fail
    physical virtual
    public private
    send receive get
    shorter longer
    subscribe unsubscribe
    today tomorrow yesterday tonight
    up down
    upgrade downgrade
    upload download
    weekday weekend
    win lose
    with without
    mother father
    brother sister
    north south east west
    morning afternoon evening night
    spring summer autumn winter
    daily weekly monthly yearly
    day week month year
    monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
    dollar dollars euro euros pound pounds yen franc francs
    english french german italian spanish portuguese dutch chinese japanese russian arabic
    """.strip().splitlines()
)


def veto(one: str, other: str) -> str | None:
    """Why the answer to one question must not be given to the other: `numbers`, `negation`, `alternatives` or `names`."""
    return next(_differences(one, other), None)


def _differences(one: str, other: str) -> Iterator[str]:
    if numbers(one) != numbers(other):
        yield "numbers"
    words_of_one, words_of_other = set(words(one)), set(words(other))
    if denies_otherwise(one, other) and _say_nearly_the_same(one, other):
        yield "negation"
    only_one, only_other = words_of_one - words_of_other, words_of_other - words_of_one
    if any(only_one & line and only_other & line for line in _ALTERNATIVES):
        yield "alternatives"
    if _names_missing(one, words_of_other) or _names_missing(other, words_of_one):
        yield "names"


def denies_otherwise(one: str, other: str) -> bool:
    """Whether one of two texts denies what the other does not."""
    return negations(one) % 2 != negations(other) % 2


def _say_nearly_the_same(one: str, other: str) -> bool:
    # *It has not come* and *I am still waiting* may well mean the same; *is it open* and *is it not open* do not.
    mine, theirs = set(terms(one)), set(terms(other))
    return len(mine & theirs) >= _NEARLY * len(mine | theirs)


def numbers(text: str) -> list[str]:
    """The numbers a text says, in figures or in words, sorted: their order may change with the wording."""
    found = [number.replace(",", "").rstrip(".:") for number in _NUMBER.findall(text)]
    found += [_SPELT[word] for word in words(text) if word in _SPELT and word not in _PLAIN_ONE]
    return sorted(found)


def _names_missing(text: str, words_of_other: set[str]) -> bool:
    """Whether a text names something that the other does not mention, in capitals or not."""
    for name in names(text):
        said = words(unaccented(name))
        if said and not set(said) <= words_of_other and len(name) > 1:
            return True
    return False
