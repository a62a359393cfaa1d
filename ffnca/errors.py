"""The one error that user input can cause: a single line that names what is wrong and what is allowed."""


class InputError(ValueError):
    """Input that cannot be used; the message is one line and ends up on stderr with exit code 2."""

    def __init__(self, message: str) -> None:
        """Keep the message on one line, whatever a library put into it."""
        super().__init__(" ".join(str(message).split()))
