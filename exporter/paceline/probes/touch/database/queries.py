"""
Take the queries of a test, one by one, as libraries send them.
"""

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Final, TypeVar

from paceline.probes.touch.attribution import Attribution
from paceline.probes.touch.call_sites import CallSites, Site
from paceline.probes.touch.counter import Counter
from paceline.probes.touch.database.statements import Statement, read_statement

_T = TypeVar("_T")
_NANOSECONDS = 1e9
_frame = sys._getframe  # noqa: SLF001 - as `inspect` does
_MOST_STATEMENTS, _MOST_GROUPS, _MOST_PARAMETERS = 10_000, 2_000, 8
# So many say all about a group: the next are only counted.
_LEARNED = 30
# The `rowcount` of PyMySQL's cursors that do not hold their rows; other drivers have -1 where they do not know it.
_NOT_KNOWN = 2**64 - 1
# These see each row that is read, so no row seen means no row read.
_ROWS_ARE_SEEN = frozenset({"sqlite3"})
_PLAIN = frozenset({str, int, float, bytes, bool, type(None)})
# How libraries call it.
_NAMES = ("query", "command", "sql", "sql_script", "procname", "table_name")
_READABLE = frozenset({tuple, list})


class Sent:
    """
    The queries with one fingerprint that came one way through the user's code, in one operation.

    `stack` has the places on that way. `order` is the place of the first among the groups of the part. `rows` are those
    that were read, -1 where that is not known. `parameters` are hashes, at most eight. After thirty, the next with the
    same text from the same line are put here as well, whatever way they came.
    """

    __slots__ = (
        "count",
        "library",
        "nanoseconds",
        "operation",
        "order",
        "parameters",
        "rows",
        "stack",
        "statement",
    )

    def __init__(
        self, statement: Statement, library: str, stack: tuple[Site, ...], operation: int = 0, order: int = 0
    ) -> None:
        self.statement: Final = statement
        self.library: Final = library
        self.stack: Final = stack
        self.operation: Final = operation
        self.order: Final = order
        self.count = 0
        self.nanoseconds = 0
        self.rows = -1
        self.parameters: Final[set[int]] = set()

    @property
    def seconds(self) -> float:
        """
        Until they answered, added up.
        """
        return self.nanoseconds / _NANOSECONDS

    def add_rows(self, rows: int) -> None:
        """
        Note that so many rows were read.
        """
        self.rows = max(self.rows, 0) + rows

    def learn(self, text: Any, parameters: Any) -> None:
        """
        Note the parameters of one of the first.

        Args:
            text: of the statement, for its literals.
            parameters: as the library takes them.
        """
        if len(self.parameters) < _MOST_PARAMETERS:
            self.parameters.add(_hashed(text, parameters))


class Queries(Counter):
    """
    Counts queries for the part of the test that sends them.

    An error of Paceline's own ends the counting, and does not reach who sends the query.

    Args:
        attribution: says which part it is.
        sites: tells the user's code.
        failed: takes the error.
    """

    def __init__(self, attribution: Attribution, sites: CallSites, failed: Callable[[Exception, str], None]) -> None:
        super().__init__(attribution, failed)
        self._sites: Final = sites
        # The texts are kept by their hashes alone: they have literals in them. One dictionary for each dialect.
        self._plain: Final[dict[int, Statement]] = {}
        self._escaping: Final[dict[int, Statement]] = {}

    def took(
        self, library: str, text: Any, parameters: Any, nanoseconds: int, depth: int = 2, escapes: bool = False
    ) -> Sent | None:
        """
        Count a query. Of a group that is known well, the next from the same line of the user are only counted: the
        frame of that line is taken by its depth, and the way to it through the library is not walked.

        Args:
            library: that sent it.
            text: of the statement, or the statement where its library has no text.
            parameters: whatever the library takes.
            nanoseconds: until it answered, or failed.
            depth: of the stack, from here to who called the library.
            escapes: as in `read_statement`.

        Returns:
            the group that it was put in; None where it does not count.
        """
        try:
            number = hash(text) if type(text) is str else 0
            known = self.attribution.known.get(number)
            sent: Sent | None = None
            if known is not None:
                above, code, instruction, before = known
                try:
                    frame = _frame(above)
                except ValueError:  # fewer frames than then
                    frame = None
                if frame is not None and frame.f_code is code and frame.f_lasti == instruction:
                    sent = before if not self.attribution.is_shared else None
            if sent is None:
                sent = self._sent(library, text, parameters, depth, number, escapes)
                if sent is None:
                    return None
            sent.count += 1
            sent.nanoseconds += nanoseconds
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of who sends the query
            self.give_up(error, f"counting queries of {library}")
            return None
        else:
            return sent

    def keep_rows(self, sent: Sent | None, cursor: Any) -> None:
        """
        Note the rows that a cursor of the DB-API has or will have.
        """
        if sent is None or self.has_failed:
            return
        try:
            _keep_rows(sent, cursor)
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, "counting rows")

    def keep_rowcount(self, sent: Sent | None, cursor: Any) -> None:
        """
        The same for a cursor of a driver, which has read the rows.
        """
        if sent is None:
            return
        try:
            rows = cursor.rowcount
            if 0 <= rows < _NOT_KNOWN:
                sent.add_rows(rows)
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, "counting rows")

    def tried(self, step: Callable[[], _T], doing: str, otherwise: _T) -> _T:
        """
        What a step returns, or something else where it fails, which ends the counting.
        """
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - as above
            self.give_up(error, doing)
            return otherwise

    def _sent(self, library: str, text: Any, parameters: Any, depth: int, number: int, escapes: bool) -> Sent | None:
        """
        The group of a query, found by the way through the user's code.

        Args:
            number: the hash of the text; 0 where it is no plain string.
        """
        if self.has_failed:
            return None
        statement = self._read(text, escapes=escapes)
        if not statement.is_counted:
            return None
        attribution = self.attribution
        user, above = self._sites.caller(_frame(depth + 1))
        # A code object hashes slowly; the group holds on to it, so that its address stays its own.
        line = (number, id(user.f_code), user.f_lasti) if user is not None and number else None
        can_be_known = line is not None and not attribution.is_shared
        sent: Sent | None = attribution.known.get(line) if can_be_known else None
        if sent is None:
            sent = self._group(statement, library, user)
        if sent.count < _LEARNED:
            sent.learn(text, parameters)
        elif user is not None and can_be_known:
            attribution.known[line] = sent
            if above is not None:
                attribution.known[number] = depth + above, user.f_code, user.f_lasti, sent
        return sent

    def _group(self, statement: Statement, library: str, user: FrameType | None) -> Sent:
        attribution = self.attribution
        queries, operation = attribution.of_caller().queries, attribution.operation
        key = statement.fingerprint, self._sites.way(user), operation
        sent: Sent | None = queries.get(key)
        if sent is None:
            if len(queries) >= _MOST_GROUPS:
                key, user = ("", (), 0), None
            made = Sent(statement, library, self._sites.stack(user), operation, len(queries))
            sent = queries.setdefault(key, made)
            if library in _ROWS_ARE_SEEN:
                sent.rows = max(sent.rows, 0)
        return sent

    def _read(self, text: Any, *, escapes: bool) -> Statement:
        if type(text) is not str:
            text = _as_text(text)
            if type(text) is Statement:
                return text
        known = self._escaping if escapes else self._plain
        number = hash(text)
        statement = known.get(number)
        if statement is None:
            if len(known) >= _MOST_STATEMENTS:
                known.clear()
            statement = known[number] = read_statement(text, escapes=escapes)
        return statement


def _keep_rows(sent: Sent, cursor: Any) -> None:
    if hasattr(cursor, "paceline_sent"):
        cursor.paceline_sent = sent
        sent.rows = max(sent.rows, 0)
        return
    # Adapters of asynchronous drivers have read the rows.
    fetched = getattr(cursor, "_rows", None)
    rows = cursor.rowcount if fetched is None else len(fetched)
    if 0 <= rows < _NOT_KNOWN:
        sent.add_rows(rows)


def first_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """
    The statement among the arguments of a method, which takes it as the first.
    """
    return args[0] if args else next((kwargs[name] for name in _NAMES if name in kwargs), None)


def composed_text(statement: Any, context: Any) -> Any:
    """
    The text of a statement that its library composes; whatever is given where that fails.

    Args:
        statement: as the user gives it.
        context: the cursor.
    """
    if isinstance(statement, str | bytes):
        return statement
    try:
        if hasattr(statement, "strings"):  # a template string
            return "?".join(statement.strings)
        return statement.as_string(context)
    except Exception:  # noqa: BLE001 - the library says to the user that it cannot read this
        return statement


def _as_text(text: Any) -> Any:
    """
    The text of a statement that is no plain string. Of an object that no library reads there is only its class.
    """
    if isinstance(text, Statement):
        return text
    if isinstance(text, str):
        return str.__str__(text)
    if isinstance(text, bytes | bytearray):
        return bytes(text).decode("utf-8", "replace")
    return f"({type(text).__name__})"


def _hashed(text: Any, parameters: Any) -> int:
    """
    A number for the parameters and the literals. Values of other than built-in types may compute their hash, and are
    told apart by where they are.
    """
    number = hash(text) if type(text) in _PLAIN else 0
    if not parameters:
        return number
    values = tuple(parameters.values()) if type(parameters) is dict else parameters
    if type(values) not in _READABLE:
        return number ^ id(values)
    return number ^ hash(tuple([value if type(value) in _PLAIN else id(value) for value in values]))
