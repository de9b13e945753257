"""
Carts and prices.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

_ROUNDS = 2000


def price(sku: object, tier: int = 1) -> int:
    digest = hashlib.pbkdf2_hmac("sha256", str(sku).encode(), b"shop", _ROUNDS * tier)
    return int.from_bytes(digest[:2], "big")


class Cart:
    def __init__(self, lines: Iterable[tuple[object, int]] = ()) -> None:
        self.lines = dict(lines)

    def add(self, sku: object, count: int = 1) -> None:
        self.lines[sku] = self.lines.get(sku, 0) + count

    def total(self) -> int:
        return sum(price(sku) * count for sku, count in self.lines.items())

    def as_json(self) -> str:
        return json.dumps({str(sku): count for sku, count in self.lines.items()}, sort_keys=True)


def discount(total: int, percent: int) -> int:
    if not 0 <= percent <= 100:
        raise ValueError("percent")
    return total * (100 - percent) // 100


def receipt(prices: Mapping[str, int]) -> str:
    text = ""
    for _ in range(1):
        lines = [f"{sku:<20}{cents // 100:>8}.{cents % 100:02}" for sku, cents in sorted(prices.items())]
        text = "\n".join(line.upper().replace(" ", ".") for line in lines)
    return text
