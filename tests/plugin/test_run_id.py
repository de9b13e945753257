"""
The id of a run, and of a part of one.
"""

import pytest

from paceline.errors import ConfigError
from paceline.plugin.run_id import find_run_id
from paceline.shards import Shard, part_of


def test_a_new_id_sorts_by_time() -> None:
    """
    Without a word from the environment.
    """
    assert find_run_id({}, 1.0) < find_run_id({}, 2.0)


@pytest.mark.parametrize(("shard", "run_id", "part"), [("", "4711", None), ("2/4", "4711.2of4", Shard("4711", 2, 4))])
def test_the_environment_gives_the_id(shard: str, run_id: str, part: Shard | None) -> None:
    """
    And the place of a part, which is read back.
    """
    found = find_run_id({"PACELINE_RUN_ID": "4711", "PACELINE_SHARD": shard}, 1.0)

    assert (found, part_of(found)) == (run_id, part)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"PACELINE_SHARD": "1/2"},
            "the environment variable PACELINE_RUN_ID is '', expected 1 to 48 letters, digits, '.', '_' or '-'",
        ),
        (
            {"PACELINE_RUN_ID": "a b"},
            "the environment variable PACELINE_RUN_ID is 'a b', expected 1 to 48 letters, digits, '.', '_' or '-'",
        ),
        (
            {"PACELINE_RUN_ID": "a", "PACELINE_SHARD": "3/2"},
            "the environment variable PACELINE_SHARD is '3/2', expected a part of a whole such as 2/4",
        ),
    ],
)
def test_what_is_no_id_is_said(environ: dict[str, str], message: str) -> None:
    """
    With the variable, what it has and what was expected.
    """
    with pytest.raises(ConfigError) as caught:
        find_run_id(environ, 1.0)

    assert str(caught.value) == message
