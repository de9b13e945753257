"""
Make faults on purpose, each within a time, and print a table of what they cost; or write it as a page.
"""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from tools.chaos import damages, exporter, session, texts
from tools.chaos.row import run_rows, table

_PAGE = """# Faults

`make chaos` makes faults on purpose, and writes this table of their consequences.

- *Times*: how often the fault was made. 0: it was not made, because the time was over or the machine does not allow it.
- *Lost*, *doubled*: runs. A run that a full disk cannot hold is not lost if the session says that it was not kept.
- *Wrong*: exit codes, outcomes or answers that are not the expected ones.
- *Longest*: of a session, all of it; of damaged files, reading them back; of the exporter, the slowest answer of
  `/-/healthy`.
- *Scrape*: the slowest answer of `/metrics` meanwhile.
- *Memory*: the highest of the session or of the exporter.

{table}
"""


def main() -> int:
    """
    Exit code 1 where a row that was run has a loss.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0, help="begin no row after so many seconds")
    parser.add_argument("--only", default="", help="rows whose name has this text")
    parser.add_argument("--page", type=Path, help="write the table as this page")
    options = parser.parse_args()
    # A shell that starts this in the background has it ignore Ctrl-C, and sessions with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Sessions first: their memory begins with that of the process that starts them.
    parts = (session, texts, damages, exporter)
    faults = [(name, fault) for part in parts for name, fault in part.faults() if options.only in name]
    rows = run_rows(faults, options.seconds)
    print(table(rows))
    if options.page is not None:
        options.page.write_text(_PAGE.format(table=table(rows)), "utf-8")
    return int(any(row.lost or row.doubled or row.wrong for row in rows))


if __name__ == "__main__":
    sys.exit(main())
