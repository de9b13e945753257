"""
Counted calls as values.
"""

from paceline.documents import decode_run, encode_run
from paceline.work import Function, Work, fingerprint_of, merged_work, packed_work, with_counts
from support.values import make_case, make_run

_CART = {"shop.cart:total": 3, "shop.cart:price": 40}
_STOCK = {"shop.stock:count": 1, "shop.cart:price": 2}
_FUNCTIONS = (Function(name="shop.cart:price", file="shop/cart.py", line=7),)


def test_vectors_come_back_in_their_order() -> None:
    """
    Each with its functions, of which files and lines are known.
    """
    work = packed_work("all", _FUNCTIONS, {1: _CART, 2: _STOCK})

    assert [list(vector.items()) for vector in work.vectors.values()] == [list(_CART.items()), list(_STOCK.items())]
    assert work.functions[1] == _FUNCTIONS[0]
    assert work.functions[0] == Function(name="shop.cart:total")


def test_a_document_has_its_vectors() -> None:
    """
    Written and read, they are the same.
    """
    run = make_run(1, [make_case()], work=packed_work("all", _FUNCTIONS, {1: _CART}))

    assert decode_run(encode_run(run), "it") == run


def test_damaged_vectors_are_none() -> None:
    """
    A document is read all the same.
    """
    assert Work(mode="all", packed=b"no zlib").vectors == {}
    assert Work(mode="all", packed=packed_work("all", (), {1: _CART}).packed).vectors == {}
    assert Work(mode="of a newer release").vectors == {}


def test_the_fingerprint_is_of_the_content() -> None:
    """
    Neither the order of calls nor the place of a function in its file changes it.
    """
    turned = dict(reversed(_CART.items()))

    assert fingerprint_of(turned) == fingerprint_of(_CART)
    assert fingerprint_of({**_CART, "shop.cart:price": 41}) != fingerprint_of(_CART)
    assert float(fingerprint_of(_CART)).is_integer()
    assert int(float(fingerprint_of(_CART))) == fingerprint_of(_CART)


def test_parts_are_merged() -> None:
    """
    What several workers counted is one.
    """
    parts = [packed_work("all", _FUNCTIONS, {1: _CART}), packed_work("all", _FUNCTIONS, {2: _STOCK, 1: _CART})]
    merged = merged_work(with_counts(Work(mode="all", compared=2, varying=1), part) or part for part in parts)

    assert merged is not None
    assert merged.vectors == {1: _CART, 2: _STOCK}
    assert (merged.compared, merged.varying) == (4, 2)
    assert _FUNCTIONS[0] in merged.functions
    assert merged_work([]) is None
