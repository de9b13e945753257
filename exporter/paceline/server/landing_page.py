"""
The page for a person who looks.
"""

from collections.abc import Iterator
from html import escape

from paceline.formatting import counted, moment
from paceline.server.exporter_settings import ExporterSettings
from paceline.server.response_texts import LandingSummary
from paceline.version import __version__

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Paceline exporter</title>
<script>
// Behind a proxy, the address may be a prefix without a slash at its end, which a browser drops from relative links.
const base = document.createElement("base");
base.href = location.pathname.replace(/\\/?$/, "/");
document.head.append(base);
</script>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
h1 {{ border-bottom: 4px solid #e6522c; padding-bottom: .3rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>Paceline exporter</h1>
<p>Version {version}. Receives runs of pytest suites and exposes them to Prometheus.</p>
<ul>
<li><a href=".{path}">{path}</a>: counters, and what runs now</li>
<li><a href=".{path}/runs">{path}/runs</a>: one sample a run, stamped with its end</li>
<li><a href="./-/healthy">/-/healthy</a>, <a href="./-/ready">/-/ready</a></li>
</ul>
<p>{state}</p>
{left_out}
<h2>Latest runs</h2>
<table>
<thead><tr><th>ended</th><th>suite</th><th>branch</th><th>run</th><th>outcome</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def landing_page(summary: LandingSummary, settings: ExporterSettings) -> str:
    """
    The page as HTML.
    """
    scrapers = counted(summary.scrapers, "scraper")
    state = f"{counted(summary.exposed, 'run')} exposed, {summary.live} in progress, {scrapers}."
    left_out = "".join(f"<p>{escape(line)}</p>\n" for line in _left_out(summary, settings))
    rows = "\n".join(_row(moment(ended), *texts) for *texts, ended in summary.latest)
    return _PAGE.format(
        version=escape(__version__), path=escape(settings.telemetry_path), state=state, left_out=left_out, rows=rows
    )


def _left_out(summary: LandingSummary, settings: ExporterSettings) -> Iterator[str]:
    for suite, count in sorted(summary.dropped.items()):
        yield f"Suite {suite}: {count:.0f} samples dropped beyond --max-series={settings.max_series}."
    for suite, count in sorted(summary.late.items()):
        runs, window = counted(round(count), "run"), settings.expose_window.text
        yield f"Suite {suite}: {runs} kept but not exposed, older than --expose-window={window}."


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell.strip()) or '&ndash;'}</td>" for cell in cells) + "</tr>"
