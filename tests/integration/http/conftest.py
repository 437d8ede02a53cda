"""The border as its callers see it: over ASGI, with a clock that stands still."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar
from tests.support.border import build, client


@pytest.fixture(scope="module")
def app() -> Litestar:
    return build()


@pytest.fixture
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with the scope `write`."""
    async with client(app) as each:
        yield each


@pytest.fixture
async def stranger(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, token=None) as each:
        yield each
