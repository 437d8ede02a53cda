"""Where commands write: answers to the output, remarks to the error stream.

Lines are left whole, so that what is copied or piped is what was meant; tables are printed with `soft_wrap=False`.
"""

from rich.console import Console

console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)
