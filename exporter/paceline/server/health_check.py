"""
Whether an exporter on this machine is ready, with TLS or without: `python -m paceline.server.health_check [HOST:PORT]`.

For a container, whose check does not know the web configuration. Only whether somebody serves is asked, so no
certificate is verified, and an exporter that wants a certificate of its clients counts as ready when it hangs up.
"""

import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

_ADDRESS = "127.0.0.1:10464"
_SECONDS = 2.0
_OK = 200


def is_ready(address: str) -> bool:
    """
    Whether the exporter at an address of this machine is ready.
    """
    return _status(HTTPConnection(address, timeout=_SECONDS)) == _OK or _is_ready_by_tls(address)


def _is_ready_by_tls(address: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection(address, timeout=_SECONDS, context=context)
    try:
        connection.connect()
    except OSError:
        return False
    # By TLS 1.3 a server looks at the certificate of a client after the handshake, and hangs up where it has none.
    return _status(connection) in {_OK, None}


def _status(connection: HTTPConnection) -> int | None:
    """
    The status of the answer; None without one.
    """
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_ready(*sys.argv[1:] or [_ADDRESS]))
