"""
Money in whole cents, so that no price is ever a float.
"""

_VAT_PERCENT = 19


def formatted(cents: int) -> str:
    """
    Show a price as people write it: 1234 is "12.34 EUR".
    """
    return f"{cents // 100}.{cents % 100:02} EUR"


def discounted(cents: int, percent: int) -> int:
    """
    Take a discount off; half a cent counts as one.

    Raises:
        ValueError: the discount is not from 0 to 100 percent.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"the discount is {percent} percent, expected 0 to 100")
    return (cents * (100 - percent) + 50) // 100


def vat_share(cents: int) -> int:
    """
    The value added tax within a price, rounded down.
    """
    return cents * _VAT_PERCENT // (100 + _VAT_PERCENT)
