"""
Whom to trust: the certificates of authorities that vouch for a server.
"""

import ssl

from paceline.errors import ConfigError


def read_authorities(path: str, place: str) -> str | None:
    """
    A file that has been seen to hold certificates; None where none is named, for what the machine trusts.

    Args:
        path: of the file, "" for none.
        place: what names it, for the error.

    Raises:
        ConfigError: it cannot be read, or has no certificate.
    """
    if not path:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        why = "has no certificate" if isinstance(error, ssl.SSLError) else f"cannot be read ({error.strerror})"
        raise ConfigError(f"{place} {path!r}, which {why}, expected certificates in PEM") from error
    return path
