"""
Checks of the exporter: it answers, takes the token, and has the same clock and version.
"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from prometheus_client.parser import text_string_to_metric_families

from paceline.delivery.exporter_sink import NAMING
from paceline.doctor.checks import ChainPart, Check
from paceline.errors import StorageError
from paceline.formatting import duration
from paceline.http.failures import shown_status
from paceline.http.page_reader import PageReader
from paceline.http.server_access import ServerAccess
from paceline.http.server_kinds import EXPORTER, EXPORTER_ANSWER, wrong_kind
from paceline.version import __version__

_EXPORTER = ChainPart("exporter")
_BUILD_INFO = "paceline_exporter_build_info"
# Samples that are further ahead are refused by Prometheus; a minute is already no longer chance.
_LONGEST_CLOCK_ERROR = 60.0
_UNAUTHORIZED = 401


def check_exporter(server: ServerAccess | None, seconds: float, authorities: str | None) -> Iterator[Check]:
    """
    The exporter that runs are pushed to; None where it is not configured.
    """
    if server is None:
        yield _EXPORTER.off("push = URL in [tool.paceline] sends each run to an exporter (`paceline serve`)")
        return
    pages = PageReader(server, seconds=seconds, naming=NAMING, kind=EXPORTER, authorities=authorities)
    try:
        answer = pages.ask("/-/ready")
    except StorageError as error:
        yield _EXPORTER.wrong(str(error), "start it with `paceline serve`, or correct push in [tool.paceline]")
        return
    if EXPORTER_ANSWER not in answer.text:
        other = wrong_kind(str(server), EXPORTER, authorities)
        yield _EXPORTER.wrong(
            f"{server}: /-/ready {shown_status(answer)}, which is not the answer of an exporter{other}",
            "correct push in [tool.paceline]",
        )
        return
    yield _EXPORTER.ok(f"{server} is ready")
    yield clock_check(_EXPORTER, parsedate_to_datetime(answer.headers["Date"]).timestamp())
    yield from _EXPORTER.guarded(lambda: _token(pages), lambda: _version(pages))


def clock_check(part: ChainPart, server_seconds: float) -> Check:
    """
    Compare the clock of a server with the clock of this machine.
    """
    off = server_seconds - time.time()
    if abs(off) <= _LONGEST_CLOCK_ERROR:
        return part.ok("its clock agrees with this machine's")
    direction = "ahead of" if off > 0 else "behind"
    said = f"its clock is {duration(abs(off))} {direction} the clock of this machine"
    return part.wrong(said, "synchronise both clocks (NTP): Prometheus refuses samples from the future")


def _token(pages: PageReader) -> Iterator[Check]:
    # An empty live report asks only whether the token is accepted.
    if pages.ask("/api/v1/live", "POST", b"").status_code != _UNAUTHORIZED:
        yield _EXPORTER.ok(f"accepts runs {'with this token' if pages.server.token else 'without a token'}")
        return
    why = "does not accept the token" if pages.server.token else "expects a token"
    yield _EXPORTER.wrong(f"{pages.server} {why}", f"set {NAMING.token} to a token of this exporter")


def _version(pages: PageReader) -> Iterator[Check]:
    families = text_string_to_metric_families(pages.text("/metrics"))
    samples = [sample for family in families for sample in family.samples if sample.name == _BUILD_INFO]
    version = samples[0].labels.get("version", "") if samples else ""
    if version == __version__:
        yield _EXPORTER.ok(f"version {version}, as here")
    elif version:
        fix = "upgrade the exporter first: it reads the runs of older releases"
        yield _EXPORTER.hint(f"version {version}, here is {__version__}", fix)
