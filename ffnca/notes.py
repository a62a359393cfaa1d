"""What is worth telling and stops nothing: one line on stderr, through the logger `ffnca`."""

import logging
import sys

from ffnca.errors import safe_line

_LOG = logging.getLogger("ffnca")


class _Stderr(logging.Handler):
    """Whatever stderr is by now, in the form of every other line of the program."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"ffnca: {safe_line(record.getMessage())}\n")
        except (OSError, ValueError, AttributeError):  # closed, full or not there
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """A note that nobody can read is no failure."""


_LOG.addHandler(_Stderr())
_LOG.propagate = False  # libraries give the root logger a form of their own


def tell(message: str) -> None:
    """Say something on one line; give the logger `ffnca` another handler to have it elsewhere."""
    _LOG.warning("%s", message)
