"""
How often the leak test is right, and what it costs: each function many times, in this process.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from paceline.testkit import memory_leak_test

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.leaking import CLEAN, LEAKS, cleaned_up


def main() -> None:
    """
    Print a table, one row a function.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    times = parser.parse_args().times
    print(f"| function | right of {times} | CPU s a verdict |\n|---|---|---|")
    for fn in (*LEAKS, *CLEAN):
        right, started = Counter[bool](), time.process_time()
        for _ in range(times):
            with cleaned_up():
                right[memory_leak_test(fn).leak_detected is (fn in LEAKS)] += 1
        print(f"| {fn.__name__} | {right[True]} | {(time.process_time() - started) / times:.2f} |", flush=True)


if __name__ == "__main__":
    main()
