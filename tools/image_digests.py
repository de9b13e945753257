"""
Pins the images of the Dockerfile and of docker-compose.yml by their digests, which docker asks the registries for.

A tag may move to another image; a digest is one image for all platforms. The tag stays beside the digest, for people.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import click

_ROOT = Path(__file__).parents[1]
FILES = ("Dockerfile", "docker-compose.yml")
# Built here, and in no registry.
_OWN = "paceline-exporter"
_IMAGE = re.compile(r"(?m)^(?P<before>FROM |\s+image: )(?P<name>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?(?=\s|$)")
_INSPECT = ("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """
    The text with a digest behind the tag of each image that comes from a registry.

    Args:
        text: of a Dockerfile or a compose file.
        digest_of: gives the digest of a name with its tag, as in `sha256:…`.
    """

    def pin(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0] if name.startswith(f"{_OWN}:") else f"{found['before']}{name}@{digest_of(name)}"

    return _IMAGE.sub(pin, text)


def _digest(name: str) -> str:
    try:
        done = subprocess.run([*_INSPECT, name], capture_output=True, check=False, text=True)
    except FileNotFoundError as error:
        raise click.ClickException("docker is not installed") from error
    digest = done.stdout.strip()
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise click.ClickException(f"docker gave no digest of {name}: {done.stderr.strip() or digest}")
    return digest


@click.command(help=__doc__)
def main() -> None:
    """
    Change no file unless all digests are known.
    """
    texts = {_ROOT / name: pinned((_ROOT / name).read_text("utf-8"), _digest) for name in FILES}
    for path, text in texts.items():
        path.write_text(text, "utf-8")
        click.echo(f"pinned the images of {path.name}")


if __name__ == "__main__":
    main()
