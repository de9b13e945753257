"""
The program of a clean process: `python -I -S __main__.py`, with the order on stdin.
"""

import json
import sys


def _main() -> None:
    order = sys.stdin.buffer.read()
    sys.path += json.loads(order)["import_path"]
    from pathlib import Path  # noqa: PLC0415 - as below

    from msgspec import json as documents  # noqa: PLC0415 - the path is known only now

    from paceline.delivery.clean_process import DeliveryOrder  # noqa: PLC0415
    from paceline.delivery.configured_sinks import open_sinks  # noqa: PLC0415
    from paceline.delivery.outbox import Outbox  # noqa: PLC0415
    from paceline.delivery.send_rounds import Errand, deliver  # noqa: PLC0415

    asked = documents.decode(order, type=DeliveryOrder)
    sinks = open_sinks(asked.settings, lambda: asked.default_branch, lambda _: None)
    errands = [Errand(sink, Outbox(Path(asked.folder), sink.kind, sink.address)) for sink in sinks]
    sys.stdout.buffer.write(documents.encode(deliver(errands, asked.seconds)))


_main()
