"""
What an expression asks for.
"""

from collections.abc import Iterator
from typing import Any

_INNER = ("lhs", "rhs", "expr", "vector_selector", "param")


def nodes_of(tree: Any) -> Iterator[Any]:
    """
    The tree and all that is in it.
    """
    yield tree
    inner = [getattr(tree, name, None) for name in _INNER] + list(getattr(tree, "args", None) or ())
    for node in inner:
        if node is not None and hasattr(node, "prettify"):
            yield from nodes_of(node)


def selectors_of(tree: Any) -> Iterator[tuple[str, set[str]]]:
    """
    The metrics, each with the labels that it is selected by.
    """
    for node in nodes_of(tree):
        if type(node).__name__ == "VectorSelector":
            yield node.name, {matcher.name for matcher in node.matchers.matchers}


def labels_of(tree: Any) -> set[str]:
    """
    The labels by which results are grouped and matched.
    """
    labels: set[str] = set()
    for node in nodes_of(tree):
        modifier = getattr(node, "modifier", None)
        for one in (modifier, getattr(modifier, "matching", None)):
            labels |= {*(getattr(one, "labels", None) or ())}
    return labels
