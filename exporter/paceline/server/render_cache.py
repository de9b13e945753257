"""
What was rendered, up to a size.
"""

from collections import OrderedDict
from typing import Final

from paceline.server.rendered_run import Rendered


class Cache:
    """
    Rendered runs by id, up to so many bytes; what was asked for last stays.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._size = 0
        self._items: Final[OrderedDict[str, Rendered]] = OrderedDict()

    def get(self, run_id: str) -> Rendered | None:
        if run_id in self._items:
            self._items.move_to_end(run_id)
        return self._items.get(run_id)

    def put(self, run_id: str, rendered: Rendered) -> None:
        self.drop(run_id)
        self._items[run_id] = rendered
        self._size += rendered.size
        while self._size > self._most and len(self._items) > 1:
            self.drop(next(iter(self._items)))

    def drop(self, run_id: str) -> None:
        if run_id in self._items:
            self._size -= self._items.pop(run_id).size
