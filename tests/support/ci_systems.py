"""
Stand-ins for GitHub's and GitLab's runners: they run the shell steps of a job and keep its caches in a folder.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
COMPONENT: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "templates" / "paceline.yml").read_text("utf-8")))
_SECONDS = 120
_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
# A command of GitHub that keeps one comment in a folder.
_GH = """#!/usr/bin/env python3
import os, sys
from pathlib import Path
comment = Path(os.environ["GH_COMMENT"])
if "--method" not in sys.argv:
    print(7) if comment.exists() else None
else:
    method = sys.argv[sys.argv.index("--method") + 1]
    assert (method == "PATCH") == comment.exists()
    comment.write_text(sys.argv[-1].removeprefix("body="), "utf-8")
"""


class Done(NamedTuple):
    """
    How a job ended: the exit code of its first failure, all output, and the name of its artifact.
    """

    code: int
    output: str
    artifact: str = ""


@dataclass
class Runner:
    """
    A machine that has the caches of earlier jobs.
    """

    folder: Path
    caches: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def shell(self, script: str, environ: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """
        Run a script in the folder of the project, with the commands of this environment.
        """
        path = os.pathsep.join([str(self.folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        ours = ("CI", "GITHUB_", "GITLAB_", "PACELINE_", "PYTEST_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            [*_SHELL, script],
            cwd=self.folder,
            env={**clean, "PATH": path, **self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )

    def restore(self, results: str, *keys: str) -> None:
        """
        Put the newest cache of the first key that has one into place, as on a machine that is new.
        """
        shutil.rmtree(self.folder / results, ignore_errors=True)
        found = [sorted(self.caches.glob(f"{key}*"), key=lambda path: path.stat().st_ctime_ns) for key in keys]
        for caches in filter(None, found):
            shutil.copytree(caches[-1], self.folder / results)
            return

    def save(self, results: str, key: str) -> None:
        if (self.folder / results).exists():
            shutil.copytree(self.folder / results, self.caches / key, dirs_exist_ok=True)


class GithubRunner(Runner):
    """
    Runs the composite action of this repository.
    """

    def run(self, attempt: int, matrix: str = "null", **inputs: str) -> Done:
        """
        Run a job of a pull request.
        """
        temporary = self.folder.parent / "temp"
        values = {f"inputs.{name}": one["default"] for name, one in ACTION["inputs"].items()}
        values |= {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        values |= {
            "github.workflow": "Tests & more",
            "github.job": "test",
            "github.run_id": str(attempt),
            "github.run_attempt": "1",
            "github.event.pull_request.number": "5",
            "github.event.repository.default_branch": "main",
            "runner.temp": str(temporary),
            "toJSON(matrix)": matrix,
        }
        return self._steps(values, temporary)

    def _steps(self, values: dict[str, str], temporary: Path) -> Done:
        bin_folder = self.folder.parent / "bin"
        for made in (temporary, bin_folder, self.caches):
            made.mkdir(exist_ok=True)
        (bin_folder / "gh").write_text(_GH, "utf-8")
        (bin_folder / "gh").chmod(0o755)
        code, output, artifact = 0, "", ""
        for step in ACTION["runs"]["steps"]:
            if not _is_due(step.get("if", ""), values, has_failed=bool(code)):
                continue
            given = {name: _filled(value, values) for name, value in step.get("with", step.get("env", {})).items()}
            if "run" not in step:
                artifact = self._use(step["uses"], given) or artifact
                continue
            done = self.shell(step["run"], self._variables(temporary) | given)
            code, output = code or done.returncode, output + done.stdout
            if "id" in step:
                values |= _outputs(step["id"], temporary / "output")
        return Done(code, output, artifact)

    def _variables(self, temporary: Path) -> dict[str, str]:
        return {
            "GITHUB_OUTPUT": str(temporary / "output"),
            "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
            "GITHUB_REPOSITORY": "shop/cart",
            "GITHUB_HEAD_REF": "faster",
            "GH_COMMENT": str(temporary / "comment.md"),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
        }

    def _use(self, action: str, given: Mapping[str, str]) -> str:
        if action.startswith("actions/cache/restore@"):
            self.restore(given["path"], given["key"], given["restore-keys"])
        elif action.startswith("actions/cache/save@"):
            self.save(given["path"], given["key"])
        return given.get("name", "")


def _is_due(condition: str, values: Mapping[str, str], *, has_failed: bool) -> bool:
    """
    Whether a step runs: `always()` and inputs that are not empty are read, other conditions are true.
    """
    needed = re.findall(r"(inputs\.[\w-]+) != ''", condition)
    return all(values[name] for name in needed) and (not has_failed or "always()" in condition)


def _filled(value: object, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], str(value))


def _outputs(step: str, file: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in file.read_text("utf-8").splitlines())
    return {f"steps.{step}.outputs.{name}": value for name, _, value in lines}


class GitlabRunner(Runner):
    """
    Runs the job of the component of this repository.
    """

    def run(self, environ: Mapping[str, str], **inputs: str) -> Done:
        """
        Run the job.
        """
        given = {name: str(one.get("default", "")) for name, one in COMPONENT[0]["spec"]["inputs"].items()} | inputs
        (job,) = COMPONENT[1].values()
        key, fallback, results = (
            self.shell(f'printf %s "{_interpolated(text, given)}"', environ).stdout
            for text in (job["cache"]["key"], *job["cache"]["fallback_keys"], *job["cache"]["paths"])
        )
        self.restore(results, key, fallback)
        script = "\n".join(_interpolated(line, given) for line in job["script"])
        done = self.shell(script, environ)
        after = self.shell("\n".join(_interpolated(line, given) for line in job["after_script"]), environ)
        self.save(results, key)
        return Done(done.returncode, done.stdout + after.stdout)


def _interpolated(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\[\[ inputs\.(.*?) \]\]", lambda found: given[found[1]], text)
