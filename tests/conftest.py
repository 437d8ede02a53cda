"""Fixtures that suites of every kind share."""

import pytest

pytest_plugins = (
    "tests.support.postgres",
    "tests.support.redis",
    "tests.support.storage",
    "tests.support.webhooks",
    "tests.support.system",
    "tests.support.worlds",
    "tests.support.processes",
    "tests.support.server",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
