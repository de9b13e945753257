"""
The words of other projects, asked of them: no test holds a copy.
"""

import errno
import os
from io import StringIO

import click


def _shown(error: click.ClickException) -> str:
    output = StringIO()
    error.show(output)
    return output.getvalue()


def invalid(option: str, message: str) -> str:
    """
    The line that the command writes below its usage where an option or an argument has a wrong value.
    """
    return _shown(click.BadParameter(message, param_hint=f"'{option}'"))


def cause(error: BaseException) -> str:
    """
    The words of the error that an error is raised from.
    """
    return str(error.__cause__)


# How the command begins the line of an error.
ERROR = _shown(click.ClickException("")).removesuffix("\n")

# The operating system's reasons.
NO_FILE = os.strerror(errno.ENOENT)
IS_FOLDER = os.strerror(errno.EISDIR)
NO_FOLDER = os.strerror(errno.ENOTDIR)
TOO_LARGE = os.strerror(errno.EFBIG)
NO_LOCKS = os.strerror(errno.ENOLCK)
LOOP = os.strerror(errno.ELOOP)
NOT_A_FILE = os.strerror(errno.EBADF)
REFUSED = os.strerror(errno.ECONNREFUSED)
IN_USE = os.strerror(errno.EADDRINUSE)
