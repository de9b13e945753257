import pytest
from shop.money import discounted, formatted, vat_share


@pytest.mark.parametrize(("cents", "shown"), [(1234, "12.34 EUR"), (100000, "1000.00 EUR")])
def test_price_has_two_decimals(cents: int, shown: str) -> None:
    """
    A price is shown with two decimals and its currency.
    """
    assert formatted(cents) == shown


@pytest.mark.parametrize(("percent", "left"), [(0, 999), (50, 500), (100, 0)])
def test_discount_is_rounded_in_favour_of_the_shop(percent: int, left: int) -> None:
    """
    Half a cent of a discounted price counts as one.
    """
    assert discounted(999, percent) == left


@pytest.mark.parametrize("percent", [-1, 101])
def test_impossible_discount_is_refused(percent: int) -> None:
    """
    A discount is from 0 to 100 percent.
    """
    with pytest.raises(ValueError, match=f"the discount is {percent} percent, expected 0 to 100"):
        discounted(999, percent)


def test_vat_is_within_the_price() -> None:
    """
    Of 119 cents, 19 are tax.
    """
    assert vat_share(119) == 19
