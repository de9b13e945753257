"""
The program of a worker process: `python -I worker_process.py`. Its order comes on stdin, its messages go to stdout.

The first line of stdin has the import path, and the module whose function `run` does the rest.
"""

import json
import sys
from importlib import import_module


def _main() -> None:
    # Only the standard library, until the path of the parent is known.
    first = json.loads(sys.stdin.buffer.readline())
    sys.path[:] = first["path"]
    import_module(first["module"]).run(sys.stdin.buffer, sys.stdout.buffer)


_main()
