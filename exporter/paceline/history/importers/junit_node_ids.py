"""
pytest's node ids, rebuilt from the way in which JUnit XML names a test.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_TEXT_SUFFIXES: Final = (".md", ".rst", ".txt")


class Address(NamedTuple):
    """
    A test as JUnit XML names it; `suite` is the name of the test suite around it.

    `file` is "" in what pytest writes by default (xunit2).
    """

    name: str
    classname: str = ""
    file: str = ""
    suite: str = ""


class Identity(NamedTuple):
    """
    A test as pytest names it; `family` is the node id without the parameters.
    """

    node_id: str
    family: str


def find_identity(address: Address) -> Identity:
    """
    Rebuild the id that pytest gave to the test, as far as its address tells it.
    """
    place = next(found for guess in _GUESSES if (found := guess(address)))
    base = address.name.partition("[")[0] if address.name.endswith("]") else ""
    return Identity(_joined(*place, address.name), _joined(*place, base or address.name))


def _joined(*parts: str) -> str:
    return "::".join(filter(None, parts))


def _by_file(address: Address) -> Sequence[str]:
    # The class name holds the path with dots, behind what --junitprefix puts there; the classes follow.
    # It holds another path where a test is inherited: then the file is that of the base class.
    file = address.file.replace("\\", "/").removeprefix("./")
    for stem in (file.removesuffix(".py"), file.rpartition(".")[0]):
        dotted = stem.replace("/", ".")
        _, found, classes = f".{address.classname}.".partition(f".{dotted}.")
        if dotted and found:
            return file, *classes.split(".")
    return ()


def _by_foreign_file(address: Address) -> Sequence[str]:
    if not address.file or (address.classname and address.file.endswith(".py")):
        return ()
    return address.file, address.classname if address.classname != address.file else ""


def _as_written(address: Address) -> Sequence[str]:
    # Surefire and Gradle name each suite after its class, Go's reports after its package; pytest does neither.
    is_foreign = address.classname in {"", address.suite} or "/" in address.classname
    return (address.classname,) if is_foreign else ()


def _by_text_file(address: Address) -> Sequence[str]:
    # A doctest in a text file has the name of the file.
    is_text = address.name.endswith(_TEXT_SUFFIXES) and f".{address.classname}".endswith(f".{address.name}")
    return (address.classname.removesuffix(address.name).replace(".", "/") + address.name,) if is_text else ()


def _by_module(address: Address) -> Sequence[str]:
    # Only the capital letter, by custom, distinguishes a class from a module.
    parts = address.classname.split(".")
    module = len(parts)
    while module > 1 and parts[module - 1][:1].isupper():
        module -= 1
    return "/".join(parts[:module]) + ".py", *parts[module:]


_GUESSES: Final[Sequence[Callable[[Address], Sequence[str]]]] = (
    _by_file,
    _by_foreign_file,
    _as_written,
    _by_text_file,
    _by_module,
)
