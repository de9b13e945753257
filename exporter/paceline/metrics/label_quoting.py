"""
Label values in text: the exposition formats and PromQL quote them alike.
"""

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def quoted(value: str) -> str:
    """
    The value in double quotes, so that nothing in it ends the quotes or the line.

    Source: OpenMetrics 1.0, "Escaping"; Prometheus, "Querying basics", "String literals".
    """
    return f'"{value.translate(_ESCAPES)}"'
