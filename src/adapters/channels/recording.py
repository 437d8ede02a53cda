"""A messenger that remembers what it was told, for tests and for trying things out."""

from collections import deque
from dataclasses import dataclass

from domain.channels import Place, Sent
from domain.errors import DomainError, InvalidInput


@dataclass
class Shown:
    place: Place
    text: str


class RecordingChannel:
    """`messages` holds what people see there now, by id; `refusals` are raised, one a call, before anything
    else is done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: dict[str, Shown] = {}
        self.refusals: deque[DomainError] = deque()
        self._count = 0

    @property
    def texts(self) -> list[str]:
        return [shown.text for shown in self.messages.values()]

    async def send(self, to: Place, text: str) -> Sent:
        self._refuse()
        self._count += 1
        self.messages[str(self._count)] = Shown(to, text)
        return Sent(to.chat, (str(self._count),))

    async def edit(self, sent: Sent, text: str) -> Sent:
        self._refuse()
        for key in sent.ids:
            if key not in self.messages:
                raise InvalidInput("There is no such message.")
            self.messages[key].text = text
        return sent

    async def delete(self, sent: Sent) -> None:
        self._refuse()
        for key in sent.ids:
            self.messages.pop(key, None)

    async def close(self) -> None:
        """Nothing to close."""

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.popleft()
