"""
What a local stack is made of: how often it looks, on which ports, and its files.
"""

from pathlib import Path

from msgspec import Struct

from paceline.alerting.rule_options import Seconds
from paceline.files import make_private_folder

EXPORTER, PROMETHEUS, ALERTMANAGER, GRAFANA = "exporter", "prometheus", "alertmanager", "grafana"
# Where each is by default, in the order in which they are started.
PORTS = {EXPORTER: 10464, PROMETHEUS: 9090, ALERTMANAGER: 9093, GRAFANA: 3000}


class StackSettings(Struct, frozen=True, kw_only=True):
    """
    A stack.

    `interval_seconds` is from one scrape, one evaluation and one notification to the next. `webhook` is where alerts
    are sent, "" for nowhere. `ports` has a port for each that is not to be where it usually is.
    """

    interval_seconds: Seconds = 5
    webhook: str = ""
    ports: dict[str, int] = {}


class Layout:
    """
    The files of a stack.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.configuration = self.folder / "configuration"
        self.state = self.folder / "state.json"
        self.ports = self.folder / "ports.json"

    def data(self, name: str) -> Path:
        return self.folder / "data" / name

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def prepare(self) -> None:
        """
        Make the folders, which git leaves alone.
        """
        make_private_folder(self.folder)
        for folder in (self.configuration, self.folder / "data", self.folder / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / ".gitignore").write_text("*\n", "utf-8")
