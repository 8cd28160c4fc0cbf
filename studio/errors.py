"""The only error a person ever sees."""


class StudioError(Exception):
    """Something a person can understand and mend.

    `message` says what happened and why, `hint` what to do about it; both are full sentences. field: the name of the
    setting that it is about, where it is about one, so that a form can show it there. cause: its kind in the dictionary
    of failures (studio.training.failures), where it has one. evidence: a sentence with the numbers that show it.
    """

    def __init__(self, message: str, hint: str = "", field: str = "", cause: str = "", evidence: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field
        self.cause = cause
        self.evidence = evidence

    def __reduce__(self) -> tuple[type["StudioError"], tuple[str, ...]]:
        return StudioError, (self.message, self.hint, self.field, self.cause, self.evidence)

    @property
    def text(self) -> str:
        """Message and hint in one line, for logs and the terminal."""
        return f"{self.message} {self.hint}".strip()
