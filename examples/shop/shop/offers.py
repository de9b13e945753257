"""
The offer of the day.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from shop.catalogue import Product


def today(environ: Mapping[str, str] = os.environ) -> date:
    """
    The day by the shop's calendar: `SHOP_DAY` where it is set, else today.
    """
    day = environ.get("SHOP_DAY")
    return date.fromisoformat(day) if day else datetime.now(UTC).date()


def offer_of(day: date, products: Sequence[Product]) -> Product:
    """
    The product whose turn it is: each day the next one.
    """
    return products[day.toordinal() % len(products)]
