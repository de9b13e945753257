"""
Which code is the project's own.
"""

from pathlib import Path

import pytest

from paceline.errors import ConfigError
from paceline.probes.work.project_code import find_project_code

_MODULE = {"__name__": "nowhere"}


def _owned(root: Path, names: list[str], tests: list[str], packages: tuple[str, ...] = ()) -> list[str]:
    code = find_project_code(root, packages, "", [root / name for name in tests])
    return [name for name in names if code.owns(str(root / name), _MODULE)]


def test_tests_and_dependencies_are_not_the_projects_own(tmp_path: Path) -> None:
    """
    A folder is one of tests where its name says so and tests were collected in it.
    """
    names = [
        "src/shop/cart.py",
        "shop/test/client.py",
        "tests/unit/test_cart.py",
        "tests/helpers.py",
        "conftest.py",
        "venv/lib/python3.12/site-packages/shop/cart.py",
        "test_flat.py",
        "flat.py",
    ]

    owned = _owned(tmp_path, names, ["tests/unit/test_cart.py", "test_flat.py"])

    assert owned == ["src/shop/cart.py", "shop/test/client.py", "flat.py"]


def test_code_without_a_file_belongs_to_its_module() -> None:
    """
    A dataclass and a template run in the module that made them.
    """
    code = find_project_code(Path(__file__).parents[3] / "exporter", (), "", [])

    assert code.owns("<string>", {"__name__": "paceline.model"})
    assert not code.owns("<string>", {"__name__": "pytest"})
    assert not code.owns("<string>", {})


def test_packages_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Packages and modules, wherever they are installed; then nothing else is the project's own.
    """
    for name in ("installed/shop_a/__init__.py", "installed/shop_a/cart.py", "installed/shop_b.py", "root/other.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.syspath_prepend(tmp_path / "installed")
    code = find_project_code(tmp_path / "root", ("shop_a", "shop_b"), "", [])
    installed = tmp_path / "installed"

    assert code.owns(str(installed / "shop_a" / "cart.py"), _MODULE)
    assert code.owns(str(installed / "shop_b.py"), _MODULE)
    assert not code.owns(str(tmp_path / "root" / "other.py"), _MODULE)
    assert code.shown_file(str(installed / "shop_a" / "cart.py")) == "shop_a/cart.py"


def test_the_installed_copy_of_the_project_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is found by the name of its distribution.
    """
    site = tmp_path / "site-packages"
    for name in ("shop_c/__init__.py", "shop_c/cart.py", "click_d/__init__.py"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()
    folder = site / "shop_c-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-c\nVersion: 1.0\n", "utf-8")
    (folder / "RECORD").write_text("shop_c/__init__.py,,\nshop_c/cart.py,,\nshop_c-1.0.dist-info/METADATA,,\n", "utf-8")
    monkeypatch.syspath_prepend(site)
    code = find_project_code(tmp_path / "root", (), "shop-c", [])

    assert code.owns(str(site / "shop_c" / "cart.py"), _MODULE)
    assert not code.owns(str(site / "click_d" / "__init__.py"), _MODULE)
    assert code.shown_file(str(site / "shop_c" / "cart.py")) == "shop_c/cart.py"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop_that_is_not", "[tool.paceline.work] packages has 'shop_that_is_not': no module of that name is found"),
        ("itertools", "[tool.paceline.work] packages has 'itertools': built-in is not Python code"),
    ],
)
def test_a_package_that_cannot_be_counted_is_named(tmp_path: Path, name: str, message: str) -> None:
    """
    With the setting that has it.
    """
    with pytest.raises(ConfigError) as caught:
        find_project_code(tmp_path, (name,), "", [])

    assert str(caught.value) == message
