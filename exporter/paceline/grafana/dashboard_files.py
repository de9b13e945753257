"""
The dashboards as files.
"""

import json

from paceline.grafana.boards import BOARDS


def dashboards() -> dict[str, str]:
    """
    The dashboards, as Grafana reads them from files.

    Returns:
        The text of each, by the name of its file.
    """
    return {f"{board.uid}.json": json.dumps(board.as_json(), indent=2, ensure_ascii=False) + "\n" for board in BOARDS}


_CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {uid}
  labels:
    app.kubernetes.io/name: paceline
    grafana_dashboard: "1"
  annotations:
    grafana_folder: Paceline
data:
  {uid}.json: |-
    {content}
"""


def config_maps() -> dict[str, str]:
    """
    The dashboards as the sidecar of Grafana's Helm charts finds them in Kubernetes.

    One for each: together they are larger than what `kubectl apply` takes.

    Returns:
        The text of one file, by its name.
    """
    made = (
        _CONFIG_MAP.format(uid=board.uid, content=json.dumps(board.as_json(), ensure_ascii=False)) for board in BOARDS
    )
    return {"dashboards.yml": "---\n".join(["# Made by `paceline grafana write --format configmap`.\n", *made])}
