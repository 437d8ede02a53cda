"""One OpenAI-compatible server: its client, its deadline, its circuit breaker, and its errors in our words."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar
from urllib.parse import urlsplit

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError, Timeout

from adapters.models.breaker import CircuitBreaker
from domain.errors import DeadlineExceeded, ServiceUnavailable

T = TypeVar("T")

OPENAI = "https://api.openai.com/v1"
_CONNECT_SECONDS = 5.0
_PING_SECONDS = 5.0
_FIRST_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_NOT_FOUND = 404


class Upstream:
    """What is raised names the model and its host and no more: the provider's own messages quote keys
    and prompts, so they are dropped (`from None`) instead of chained into a log."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None, breaker: CircuitBreaker | None) -> None:
        address = base_url or OPENAI
        self.name = f"The model {model} at {urlsplit(address).hostname}"
        self.breaker = breaker or CircuitBreaker()
        # No read time-out: `within` holds the deadline of the whole exchange, which a server that sends
        # one byte now and then would otherwise escape. So a time-out of the client's is a connection's.
        self.client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=address,
            max_retries=0,
            timeout=Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
        )

    def admit(self) -> None:
        self.breaker.admit(self.name)

    async def within(self, deadline: float, work: Awaitable[T]) -> T:
        """The result of `work`, if it comes before `deadline` (in the event loop's time)."""
        try:
            async with asyncio.timeout_at(deadline):
                return await work
        except TimeoutError:
            self.breaker.failed()
            raise DeadlineExceeded(f"{self.name} did not finish in time.") from None
        except APIStatusError as error:
            raise self._refused(error) from None
        except APIConnectionError as error:
            raise self.broken(f"cannot be reached ({type(error.__cause__ or error).__name__}).") from None
        except (OpenAIError, ValueError):
            raise self.broken("sent what is not the OpenAI protocol.") from None

    def broken(self, what: str) -> ServiceUnavailable:
        self.breaker.failed()
        return ServiceUnavailable(f"{self.name} {what}")

    async def ping(self) -> None:
        """Asks for the list of models; a server that has none is reachable all the same.

        It passes the circuit by: health must notice that a server is back.
        """
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self.client.models.list()
        except APIStatusError as error:
            if error.status_code != _NOT_FOUND:
                raise ServiceUnavailable(f"{self.name} answered {error.status_code}.") from None
        except (OpenAIError, TimeoutError, ValueError):
            raise ServiceUnavailable(f"{self.name} cannot be reached.") from None

    async def close(self) -> None:
        await self.client.close()

    def _refused(self, error: APIStatusError) -> ServiceUnavailable:
        """Other refusals than these two are about the one request and say nothing of the server's health."""
        if error.status_code >= _FIRST_SERVER_ERROR or error.status_code == _TOO_MANY_REQUESTS:
            self.breaker.failed()
        return ServiceUnavailable(f"{self.name} answered {error.status_code}.", retry_after=_retry_after(error))


def deadline_in(seconds: float) -> float:
    """A deadline for `Upstream.within`."""
    return asyncio.get_running_loop().time() + seconds


def _retry_after(error: APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
