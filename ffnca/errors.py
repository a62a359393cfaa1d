"""What the command line ends with besides success: bad input, named in a single line, or a stop by the user."""


class InputError(ValueError):
    """Input that cannot be used; the message is one line and ends up on stderr with exit code 2."""

    def __init__(self, message: str) -> None:
        """Keep the message on one line, whatever a library put into it."""
        super().__init__(" ".join(str(message).split()))


class Stopped(Exception):
    """The user stopped long work with Ctrl-C, and everything worth keeping is saved; the message says where."""
