"""
The program of the companion: `python -I -S __main__.py FOLDER`.
"""

import json
import os
import sys

_NICE = 5


def _main(folder: str) -> None:
    os.setsid()
    os.nice(_NICE)
    os.closerange(3, 1024)  # what a C library of the session left open for its children
    try:
        with open(f"{folder}/order", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
            order = json.load(file)
        sys.path += order["import_path"]
        from paceline.companion.watch import watch  # noqa: PLC0415 - the path is known only now

        watch(folder, order["session_process"], order)
    except Exception as error:  # noqa: BLE001 - the session says so
        _leave(folder, f"{type(error).__name__}: {error}")


def _leave(folder: str, failure: str) -> None:
    try:
        descriptor = os.open(f"{folder}/failure", os.O_WRONLY | os.O_CREAT, 0o600)
    except FileNotFoundError:  # the session is over
        return
    os.write(descriptor, failure.encode(errors="replace"))


_main(sys.argv[1])
