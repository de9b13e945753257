"""
Values that do not fit their type, in words.
"""

from collections.abc import Iterator
from typing import Annotated

import pytest
from msgspec import Meta, Struct, structs

from paceline.config import Config
from paceline.config_errors import expected, find_wrong
from paceline.server.web_config import WebConfig


class _Room(Struct, forbid_unknown_fields=True):
    name: str
    beds: Annotated[int, Meta(ge=1)] = 1


class _House(Struct, forbid_unknown_fields=True):
    rooms: tuple[_Room, ...] = ()
    height: Annotated[float, Meta(gt=0, le=100)] | None = None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"rooms": [{"name": "hall"}, {"name": "loft", "beds": 0}]},
            "rooms.beds is 0, expected a whole number of at least 1",
        ),
        ({"rooms": [{"beds": 2}]}, "rooms.name is absent, expected a string"),
        (
            {"rooms": [{"name": "hall", "bed": 2}]},
            "rooms.bed is an unknown key (did you mean beds?), expected one of beds, name",
        ),
        ({"rooms": ["hall"]}, "rooms has 'hall', expected a table"),
        ({"height": 101}, "height is 101, expected a number above 0 and at most 100"),
        (
            {"rooms": ["http://ann:hunter22@host"]},
            "rooms has 'http://ann:***@host', expected a table",
        ),
        (
            {"height": "http://ann:hunter22@host"},
            "height is 'http://ann:***@host', expected a number above 0 and at most 100",
        ),
        ({5: 1}, "5 is an unknown key, expected one of height, rooms"),
        (["hall"], "the file is ['hall'], expected a table"),
    ],
)
def test_the_innermost_wrong_value_is_named(value: object, message: str) -> None:
    """
    The message has the keys that lead to the value, the value, and the limits of its type.
    """
    wrong = find_wrong(value, _House)

    assert wrong is not None
    assert wrong.message({}) == message


@pytest.mark.parametrize("value", [{}, {"rooms": [{"name": "hall", "beds": 2}], "height": 3}, {"height": None}])
def test_a_value_that_fits_has_no_message(value: object) -> None:
    """
    Nothing is wrong with a value of the type.
    """
    assert find_wrong(value, _House) is None


def _types_in(kind: type[Struct]) -> Iterator[object]:
    for field in structs.fields(kind):
        yield field.type
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from _types_in(field.type)


@pytest.mark.parametrize("kind", [Config, WebConfig])
def test_each_type_of_a_configuration_has_words(kind: type[Struct]) -> None:
    """
    A new setting of any type that is used is explained, too.
    """
    assert all(expected(one) for one in _types_in(kind))
