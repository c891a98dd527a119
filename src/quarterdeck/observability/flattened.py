"""Undoes flattening: `llm.input_messages.0.message.role` and its kind become a list of messages again."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.runtime.tracing import Attribute

Tree = dict[str, "Tree | Attribute"]


def items(attributes: Mapping[str, Attribute], prefix: str, *, inside: str | None = None) -> list[Attribute] | None:
    """The list below `prefix`, each item taken out of the wrapper `inside`; None when there is nothing there.

    >>> items({"p.0.message.role": "user", "p.0.message.content": "Hi"}, "p", inside="message")
    [{'role': 'user', 'content': 'Hi'}]
    """
    tree: Tree = {}
    start = prefix + "."
    for key, value in attributes.items():
        if key.startswith(start) and key[len(start) :].partition(".")[0].isdigit():
            _plant(tree, key[len(start) :].split("."), value)
    if not tree:
        return None
    listed = _grown(tree)
    assert isinstance(listed, list)  # noqa: S101  # for the type checker: all keys are numbers
    if inside is None:
        return listed
    return [item[inside] if isinstance(item, dict) and set(item) == {inside} else item for item in listed]


def _plant(tree: Tree, path: list[str], value: Attribute) -> None:
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):  # `a.0` and `a.0.b` both there: the first one stays
            return
        tree = below
    tree.setdefault(path[-1], value)


def _grown(tree: Tree | Attribute) -> Attribute:
    if not isinstance(tree, dict):
        return tree
    if tree and all(key.isdigit() for key in tree):
        # By order, not by index: an index is the client's choice and may be huge.
        return [_grown(tree[key]) for key in sorted(tree, key=int)]
    return {key: _grown(value) for key, value in tree.items()}
