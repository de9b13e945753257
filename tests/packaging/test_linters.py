"""
What other tools say of the image and of the manifests.
"""

import subprocess
from pathlib import Path

import pytest

from support.neighbours import neighbours_python

pytestmark = pytest.mark.stack
_ROOT = Path(__file__).parents[2]


def _run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(neighbours_python("requirements-manifests")).with_name(program)), *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_hadolint_has_nothing_to_say_of_the_image() -> None:
    """
    No rule is broken, and none is switched off.
    """
    done = _run("hadolint", "Dockerfile")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "hadolint ignore" not in (_ROOT / "Dockerfile").read_text("utf-8")


def test_the_exporter_holds_the_schemas_of_kubernetes() -> None:
    """
    Each object has the fields that the newest Kubernetes knows, and no other field.
    """
    done = _run("kubernetes-validate", "--strict", "kubernetes/exporter.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("deployment", "service", "persistentvolumeclaim"):
        assert f"passed for resource {kind}/" in done.stdout + done.stderr
