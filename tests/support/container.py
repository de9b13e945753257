"""
A service of docker-compose.yml in a process: its command, working directory, mounts, user and read-only file system,
without an engine and without its image. Only root can start one.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# The new root has all files of this machine, as an image has those of the program, and each change goes to memory.
_SCRIPT = """
set -e
mount -t tmpfs tmpfs "$FOLDER"
mkdir "$FOLDER/upper" "$FOLDER/work" "$FOLDER/root"
root="$FOLDER/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
printf '%s\\n' "$MOUNTS" | while read -r source target mode; do
  if test -d "$source"; then mkdir -p "$root$target"; else mkdir -p "$root${target%/*}"; touch "$root$target"; fi
  mount --bind "$source" "$root$target"
  if test "$mode" = ro; then mount -o remount,bind,ro "$root$target"; fi
done
printf '%s\n' "$CLOSED" | while read -r closed; do
  if test "$closed"; then chmod a+rx "$root$closed"; fi
done
mount -o remount,ro "$root"
exec chroot --userspec="$IDS" "$root" /bin/sh -c 'cd "$WORKING_DIR" && exec "$@"' sh "$@"
"""


class Image(NamedTuple):
    """
    What an image says: its working directory, and its user and group.
    """

    working_dir: str
    user: str


def container(
    service: Mapping[str, Any], image: Image, program: Sequence[str | Path], folder: Path, sources: Mapping[str, Path]
) -> list[str | Path]:
    """
    The command that starts a service.

    Args:
        service: as in docker-compose.yml.
        image: what its image says.
        program: the program and its arguments, in the place of those of the image.
        folder: an empty one, for the root of the container.
        sources: folders and files of this machine, by the sources of the mounts.
    """
    volumes = [f"{volume}:rw".split(":")[:3] for volume in service.get("volumes", [])]
    mounts = "\n".join(f"{sources[source]} {target} {mode}" for source, target, mode in volumes)
    for source, _, mode in volumes:
        if mode == "rw":
            os.chown(sources[source], *map(int, image.user.split(":")))
    environment = {
        "FOLDER": folder,
        "MOUNTS": mounts,
        "CLOSED": "\n".join(_closed(Path(program[0]))),
        "IDS": service.get("user", image.user),
        "WORKING_DIR": service.get("working_dir", image.working_dir),
    }
    assert service["read_only"]
    settings = [f"{name}={value}" for name, value in environment.items()]
    return ["env", *settings, "unshare", "--mount", "/bin/sh", "-c", _SCRIPT, "sh", *program]


def _closed(program: Path) -> list[str]:
    """
    The folders above a program that its user could not enter, as on an image it can.
    """
    return [str(folder) for folder in program.resolve().parents if not folder.stat().st_mode & 0o001]
