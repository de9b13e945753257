"""
The answers of the exporter to senders, scrapers and people.
"""

from msgspec import Struct

from paceline.history.sqlite.exporter_ledger import Exposed
from paceline.server.negotiation import Format


class Acknowledgement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What became of a run that was sent: `accepted` or `duplicate`; where there is more to say, `note` says it.
    """

    run_id: str
    result: str
    note: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """
    An answer to a scrape: the body, compressed, its format, and the runs that are in it.
    """

    body: bytes
    form: Format
    runs: tuple[Exposed, ...]


class LandingSummary(Struct, frozen=True, kw_only=True):
    """
    The exporter at a glance; the latest runs as (suite, branch, id, outcome, end).
    """

    exposed: int
    scrapers: int
    live: int
    dropped: dict[str, float]
    late: dict[str, float]
    latest: list[tuple[str, str, str, str, float]]
