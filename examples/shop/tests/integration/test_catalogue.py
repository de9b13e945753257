from typing import Any

import pytest
from shop.catalogue import Catalogue, Product, UnknownProductError, price_list


class TestFinding:
    """
    Finding products in a catalogue of a thousand.
    """

    @pytest.mark.parametrize("typed", ["SKU-0007", "sku-0007"])
    def test_capitals_do_not_matter_to_people(self, catalogue: Catalogue, typed: str) -> None:
        """
        A typed SKU is found in capitals and in small letters.
        """
        assert catalogue.find(typed).name == "Chair number 7"

    def test_capitals_matter_to_programs(self, catalogue: Catalogue) -> None:
        """
        An exact SKU is not found in small letters.
        """
        with pytest.raises(UnknownProductError, match="no product 'sku-0007'"):
            catalogue.product("sku-0007")

    @pytest.mark.parametrize(("text", "count"), [("teapot", 200), ("number 19", 11), ("sofa", 0)])
    def test_search_is_within_names(self, catalogue: Catalogue, text: str, count: int) -> None:
        """
        A search finds each product that has the text in its name.
        """
        assert len(catalogue.search(text)) == count

    @pytest.mark.performance(budget_ms=1000)
    def test_search_as_a_customer_types(self, catalogue: Catalogue) -> None:
        """
        Searching after each letter narrows the result, and all letters together take less than a second.
        """
        counts = [len(catalogue.search("Mirror number 234"[:length])) for length in range(1, 18)]

        assert counts == sorted(counts, reverse=True)
        assert counts[-1] == 1


def test_price_list_of_each_discount(products: tuple[Product, ...], paceline: Any) -> None:
    """
    A price list has a line for each product, whatever the discount.
    """
    lists = [price_list(products, percent) for percent in range(60)]
    paceline.record("price_list_bytes", sum(map(len, lists)), unit="bytes")

    assert all(printed.count("\n") == 999 for printed in lists)
