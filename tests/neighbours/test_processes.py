"""
Beside plugins that decide where, when and in which order tests run.
"""

from pathlib import Path

from support.neighbours import Neighbour, differences, observe


def test_the_order_of_a_seed_stays(tmp_path: Path) -> None:
    """
    pytest-randomly shuffles as it would without Paceline, and random numbers are the same.
    """
    source = "import random\nfrom conftest import note\ndef test_random():\n    note('random', random.random())\n"
    neighbour = Neighbour("randomly", ("randomly",), ("--randomly-seed=7",), {"test_random.py": source}, is_clean=False)
    plain = observe(neighbour, tmp_path / "plain", on=False)
    seen = observe(neighbour, tmp_path / "on", on=True)

    assert seen.of("logreport", "random") == plain.of("logreport", "random")


def test_differences_are_found(tmp_path: Path) -> None:
    """
    The harness itself: a run with other tests differs in hooks and exit code.
    """
    plain = observe(Neighbour("plain"), tmp_path / "plain", on=False)
    other = observe(Neighbour("other", arguments=("-k", "test_passes")), tmp_path / "other", on=False)

    assert differences(other, plain).keys() == {"more", "less", "exit code"}
    assert differences(plain, plain) == {}
