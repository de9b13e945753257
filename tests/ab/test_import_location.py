"""
Where the tested code was imported from.
"""

from pathlib import Path

import pytest

from paceline.ab.import_location import strangers


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """
    A work tree with a module, a package, and a folder without Python.
    """
    for name in ("own/src/shop.py", "own/src/cart/__init__.py", "own/docs/index.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def _strangers(tree: Path, **imports: str) -> list[str]:
    own = tree / "own"
    files = {name.replace("__", "."): tree / file for name, file in imports.items()}
    return list(strangers(files, own, tree / "user", [own / "src", own]))


def test_code_of_the_tree_is_no_stranger(tree: Path) -> None:
    """
    What the tree holds and was imported from there is as it should be, and so is what it does not hold.
    """
    assert _strangers(tree, shop="own/src/shop.py", pytest="lib/site-packages/pytest/__init__.py") == []


def test_code_of_the_users_work_tree_is_a_stranger(tree: Path) -> None:
    """
    An editable install leads there, or a conftest that names it; its submodules are not told one by one.
    """
    assert _strangers(tree, tools="user/tools.py", tools__hammer="user/tools/hammer.py") == ["tools"]


def test_an_installed_copy_is_a_stranger(tree: Path) -> None:
    """
    A package that the tree holds, imported from an environment.
    """
    assert _strangers(tree, cart="lib/site-packages/cart/__init__.py", shop="lib/site-packages/shop.py") == [
        "cart",
        "shop",
    ]


def test_an_environment_in_the_users_work_tree_is_none_of_its_code(tree: Path) -> None:
    """
    `.venv` beside the code holds libraries; and a folder without Python is not a package of that name.
    """
    assert _strangers(tree, pytest="user/.venv/lib/site-packages/pytest.py", docs="lib/docs.py") == []
