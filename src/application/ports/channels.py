"""Where customers write who do not come to our pages: messengers, and what may be done in them."""

from typing import Protocol

from domain.channels import Place, Sent


class Channel(Protocol):
    """A messenger. What can be tried again it tries again itself, for a few seconds.

    Raises `ServiceUnavailable`, with `retry_after` where the messenger said so, when it cannot be reached or has
    enough of us; `InvalidInput` when it refuses: a person who is not there, a text it does not take. Both say
    the messenger's own words, and never a secret.
    """

    name: str

    async def send(self, to: Place, text: str) -> Sent: ...

    async def edit(self, sent: Sent, text: str) -> Sent:
        """Puts another text in place of the one that was sent. Changing nothing is no error."""
        ...

    async def delete(self, sent: Sent) -> None:
        """What is gone already is no error."""
        ...

    async def close(self) -> None: ...
