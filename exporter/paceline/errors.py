"""
The errors that a caller can act on.

    PacelineError
    ├── ConfigError      a setting, an option or a marker is wrong: correct it and start again
    ├── DocumentError    the content of a file is not what it should be
    │   ├── ConflictError    another run has its id: give it one of its own
    │   └── NewerDocumentError    a newer release wrote it: upgrade
    ├── StorageError     a folder, a file or a database cannot be read or written
    ├── StackError       a program of the local stack is missing, or does not start: install it, or see its log
    ├── CompanionError   there is no process beside the tests: go on without the figures that it would give
    ├── TrialError       two versions cannot be run side by side: git or pytest refused
    └── DeliveryError    a server did not take a run: see to it, and send the run again
        ├── BusyError        it may take it if asked again at once
        │   ├── UnreachableError    nobody is there: soon, or not for long
        │   ├── ProxyRefusedError   a proxy before it refused the run: once in each session
        │   └── HungUpError         it closes the connection without an answer: once, or always
        └── RefusedError     it will never take it
"""


class PacelineError(Exception):
    """
    Base of all errors that Paceline raises on purpose; the text says where, what was found, what was expected.
    """


class ConfigError(PacelineError):
    """
    A setting, an option or a marker has a value that it cannot have.
    """


class DocumentError(PacelineError):
    """
    A file or a body does not hold the document that it should hold.
    """


class ConflictError(DocumentError):
    """
    A run has the id of another run.
    """


class NewerDocumentError(DocumentError):
    """
    A document is of a version that this release does not know.
    """


class StorageError(PacelineError):
    """
    A folder, a file or a database cannot be read or written.
    """


class StackError(PacelineError):
    """
    A program of the local stack cannot be found, had or started.
    """


class CompanionError(PacelineError):
    """
    The process that looks at tests from outside cannot be started.
    """


class TrialError(PacelineError):
    """
    Two versions of the code cannot be run side by side.
    """


class DeliveryError(PacelineError):
    """
    A server did not take a run, and wants something else first: other credentials, another address.
    """


class BusyError(DeliveryError):
    """
    A server did not answer, or asks for another try.
    """


class UnreachableError(BusyError):
    """
    Nobody listens where a server should be.
    """


class HungUpError(BusyError):
    """
    A server closed the connection without an answer.
    """


class ProxyRefusedError(BusyError):
    """
    The answer is a refusal, but not of the server: a proxy before it has a limit of its own.
    """


class RefusedError(DeliveryError):
    """
    A server will not take this run, however often it is sent.
    """
