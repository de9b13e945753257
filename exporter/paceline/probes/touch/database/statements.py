"""
What is known of an SQL statement by its text: its fingerprint, without any literal, and its shape.

A tokenizer of strings, numbers and comments masks in any dialect, and also what no parser takes; parsers that are at
hand keep the literals of a statement that they cannot read.
"""

import re
from typing import Final, NamedTuple

_LONGEST_READ, _LONGEST_KEPT = 20_000, 500
# Statements of the connection, not of the data.
_NOT_COUNTED: Final = frozenset(
    "ABORT BEGIN COMMIT DEALLOCATE DISCARD END PRAGMA RELEASE RESET ROLLBACK SAVEPOINT SET SHOW START USE XA".split()  # noqa: SIM905
)
_READS: Final = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FIND", "AGGREGATE", "DISTINCT", "COUNT"})
_MASK = "?"
_STANDARD = r"""
    --[^\n]*                                              # a comment
  | /\*.*?(?:\*/|\Z)
  | [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)                        # a string with escapes
  | [xXbBnN]?'(?:[^']|'')*(?:'|\Z)
  | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)                 # a string between dollars
  | (?<=[=<>])\s*"(?:[^"]|"")*(?:"(?!\s*\.)|\Z)              # what SQLite takes for a string: after an operator,
  | (?:(?<=LIKE)|(?<=GLOB)|(?<=THEN)|(?<=ELSE))\s*"(?:[^"]|"")*(?:"(?!\s*\.)|\Z)
  | (?P<name>"\w{1,63}")                                  # a usual name
  | "(?:[^"]|"")*(?:"|\Z)                                  # what is none may be a string as well
"""
_ESCAPING = r"""
    --\s[^\n]*
  | \#[^\n]*
  | /\*.*?(?:\*/|\Z)
  | [xXbBnN]?'(?:[^'\\]|\\.|'')*(?:'|\Z)
  | "(?:[^"\\]|\\.|"")*(?:"|\Z)
"""
_NUMBERS_AND_PLACES = r"""
  | (?<![\w$.])[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)\b   # a number
  | %\(\w+\)s | %s | \?\d* | \$\d+ | (?<![:\w]):\w+ | @\w+\b                     # the place of a parameter
"""
_PATTERNS = {
    escapes: re.compile(
        (_ESCAPING if escapes else _STANDARD) + _NUMBERS_AND_PLACES, re.VERBOSE | re.DOTALL | re.IGNORECASE
    )
    for escapes in (False, True)
}
_COMMENT = ("--", "/*", "#")
_SPACE = re.compile(r"\s+")
_VALUES = re.compile(r"\b(?:VALUES|IN)\s*\([^()]*\)(?:\s*,\s*\([^()]*\))*", re.IGNORECASE)
_QUOTED = re.compile(r'(?<!\.)"\w+"(?!\s*\.)')
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_ROWS = re.compile(r"\(\.\.\.\)(?:\s*,\s*\(\.\.\.\))+")
_WORD = re.compile(r"[(\s]*(\w+)")
_IN_MANY = re.compile(r"\bIN\s*\(\.\.\.\)|\b(?:ANY|ALL)\s*\(", re.IGNORECASE)
_OFFSET = re.compile(r"\bOFFSET\b", re.IGNORECASE)
_KEYSET = re.compile(r"[<>]\s*=?\s*\?.*\bORDER\s+BY\b.*\b(?:LIMIT|FETCH)\b|\bLIMIT\s*\?\s*,\s*\?", re.IGNORECASE)


class Statement(NamedTuple):
    """
    A statement by its text.

    `is_counted` is false for statements of the connection, such as BEGIN and SET, and for one that is empty.
    `asks_for_many` is one with a list of values, `is_page` one that reads a part after the part before.
    """

    fingerprint: str
    verb: str
    is_counted: bool
    asks_for_many: bool
    has_offset: bool
    is_page: bool

    @property
    def is_read(self) -> bool:
        return self.verb in _READS


def read_statement(text: str, *, escapes: bool = False) -> Statement:
    """
    Args:
        text: of the statement, in any dialect, valid or not.
        escapes: whether a backslash escapes a quote and double quotes enclose strings, as in MySQL.
    """
    fingerprint = fingerprint_of(text, escapes=escapes)
    word = _WORD.match(fingerprint)
    verb = word.group(1).upper() if word else ""
    return Statement(
        fingerprint=fingerprint[:_LONGEST_KEPT] + ("…" if len(fingerprint) > _LONGEST_KEPT else ""),
        verb=verb,
        is_counted=bool(fingerprint) and verb not in _NOT_COUNTED,
        asks_for_many=bool(_IN_MANY.search(fingerprint)),
        has_offset=bool(_OFFSET.search(fingerprint)),
        is_page=bool(_KEYSET.search(fingerprint)),
    )


def fingerprint_of(text: str, *, escapes: bool = False) -> str:
    """
    The statement without comments and with `?` for each literal and parameter; a list of them is `(...)`.
    """
    masked = _PATTERNS[escapes].sub(_masked, text[:_LONGEST_READ])
    masked = _VALUES.sub(lambda found: _QUOTED.sub(_MASK, found.group()), _SPACE.sub(" ", masked).strip())
    short = _LIST.sub("(...)", masked)
    return _ROWS.sub("(...)", short)


def _masked(found: "re.Match[str]") -> str:
    text = found.group()
    if found.lastgroup == "name":
        return text
    if text.startswith(_COMMENT):
        return " "
    return f" {_MASK}" if text[0].isspace() else _MASK
