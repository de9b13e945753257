"""
`paceline explain`: what an alert or a kind of verdict means, and what to do.
"""

from difflib import get_close_matches

import click

from paceline.alerting.runbooks import runbooks
from paceline.verdict_kinds import VerdictKind


@click.command()
@click.argument("name", required=False)
def explain(name: str | None) -> None:
    """
    Explain an alert or a kind of verdict.

    NAME is an alert (PacelineTestSlower) or a kind of verdict (regression). Without NAME, all names are listed.

    \b
      paceline explain
      paceline explain PacelineTestSlower
      paceline explain repeated_queries
    """
    texts = {kind.value: _of_kind(kind) for kind in VerdictKind} | runbooks()
    if name is None:
        click.echo("\n".join(texts))
        return
    if name not in texts:
        close = get_close_matches(name, texts, n=1)
        hint = f"did you mean {close[0]}?" if close else "`paceline explain` lists all names."
        raise click.BadParameter(f"no alert and no kind of verdict is called {name!r}; {hint}", param_hint="'NAME'")
    click.echo(texts[name].strip())


def _of_kind(kind: VerdictKind) -> str:
    facts = kind.facts
    severity = f"Severity: {facts.severity}.\n" if facts.severity else ""
    return f"{kind.value}\n\n{facts.meaning}\n{facts.advice}\n{severity}"
