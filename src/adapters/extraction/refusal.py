"""Why a file cannot be read."""


class Refusal(Exception):
    """`message` is a sentence for the sender, `code` one of the codes of `Extraction.error_code`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def damaged(what: str) -> Refusal:
    return Refusal("DAMAGED_FILE", f"The file is damaged: {what}")


def too_complex(what: str) -> Refusal:
    return Refusal("TOO_COMPLEX", f"The file is too complex to be read safely: {what}")
