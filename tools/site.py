"""
Build the documentation as a web site in build/site, and check each link of the pages.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

_ROOT = Path(__file__).parents[1]
_INDEX = "docs/README.md"
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
_SETTINGS = {
    "site_name": "Paceline",
    "use_directory_urls": False,  # pages can be read from the disk; the search needs a server
    "plugins": ["search"],
    "theme": {
        "font": False,  # nothing comes from another server
        "features": ["navigation.top", "search.highlight", "content.code.copy"],
        "palette": [
            {"media": "(prefers-color-scheme: light)", "scheme": "default"},
            {"media": "(prefers-color-scheme: dark)", "scheme": "slate"},
        ],
    },
    "markdown_extensions": ["tables", "attr_list", "md_in_html", {"toc": {"permalink": True}}, "pymdownx.superfences"],
    "validation": {"invalid_links": True, "invalid_link_anchors": True},
}


@click.command()
@click.option("--root", type=click.Path(file_okay=False, exists=True, path_type=Path), default=_ROOT)
def main(root: Path) -> None:
    """
    Build the web site of the README and the documentation.

    The home page is the README, and the navigation is that of docs/README.md. Files of the repository that a page
    links to are part of the site.
    """
    build = root / "build"
    pages, site = build / "pages", build / "site"
    for folder in (pages, site):
        shutil.rmtree(folder, ignore_errors=True)
    copy_pages(root, pages)
    settings = {**_SETTINGS, "docs_dir": pages.name, "site_dir": site.name, "nav": navigation(root)}
    (build / "mkdocs.yml").write_text(json.dumps(settings, indent=1), "utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", "build/mkdocs.yml"]
    if subprocess.run(command, cwd=root, check=False).returncode:
        raise click.ClickException("the site was not built")
    # Zensical leaves out some folders, such as one that is called templates.
    shutil.copytree(pages, site, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.md"))
    if broken := [*broken_links(site)]:
        raise click.ClickException("\n".join(broken))
    click.echo(f"wrote {len([*site.rglob('*.html')])} pages to {site.relative_to(root)}")


def copy_pages(root: Path, pages: Path) -> None:
    """
    Copy the README, the documentation, and each file that one of their pages links to.
    """
    waiting = [root / "README.md", *(file for file in (root / "docs").rglob("*") if file.is_file())]
    copied: set[Path] = set()
    while waiting:
        file = waiting.pop().resolve()
        if file in copied or not file.is_file():
            continue
        copied.add(file)
        target = pages / file.relative_to(root.resolve())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        if file.suffix == ".md":
            waiting += [file.parent / link for link in _LINK.findall(file.read_text("utf-8"))]


def navigation(root: Path) -> list[dict[str, Any]]:
    """
    The groups of the index, each with its pages.
    """
    groups: list[dict[str, Any]] = [{"Paceline": ["README.md", {"All pages": _INDEX}]}]
    for part in (root / _INDEX).read_text("utf-8").split("\n## ")[1:]:
        title, _, lines = part.partition("\n")
        links = re.findall(r"\[([^]]+)\]\(([^)#]+\.md)\)", lines)
        groups.append({title: [{name: _from_root(link)} for name, link in links]})
    return groups


def _from_root(link: str) -> str:
    return link.removeprefix("../") if link.startswith("../") else f"docs/{link}"


def broken_links(site: Path) -> Iterator[str]:
    """
    Links and images of the built pages that lead to no file of the site, or to no place in a page.
    """
    pages = {file: _read(file) for file in sorted(site.rglob("*.html"))}
    for file, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            folder = site if address.path.startswith("/") else file.parent
            target = (folder / unquote(address.path).lstrip("/")).resolve() if address.path else file
            is_there = target.exists() and (
                not address.fragment or target not in pages or unquote(address.fragment) in pages[target].ids
            )
            if not address.scheme and not address.netloc and not is_there:
                yield f"{file.relative_to(site)}: {link} leads nowhere"


class _Page(HTMLParser):
    """
    The links of a page, and the places in it that a link can name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its contract
        given = dict(attrs)
        self.ids.update(filter(None, (given.get("id"), given.get("name"))))
        self.links.extend(filter(None, (given.get("href"), given.get("src"))))


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text("utf-8"))
    return page


if __name__ == "__main__":
    main()
