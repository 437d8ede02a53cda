"""Where commands write: answers to the output, remarks to the error stream."""

from rich.console import Console

console = Console()
errors = Console(stderr=True)
