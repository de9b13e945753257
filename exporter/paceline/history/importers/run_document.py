"""
Paceline's own run documents.
"""

from paceline.documents import decode_run
from paceline.history.importers.imported_file import ImportedFile
from paceline.model import Run


def read_run_document(source: ImportedFile) -> list[Run] | None:
    """
    Read a run as it was written: under its own id, suite and branch.

    Raises:
        DocumentError: it is a run document with a fault, or of a later version.
    """
    if not {"schema", "run_id"} <= source.keys:
        return None
    return [decode_run(source.content, str(source.path))]
