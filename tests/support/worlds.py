"""The backends that the whole program is run on, world by world.

- `memory`: everything inside the process.
- `postgres`: PostgreSQL and Redis, with FAISS inside the process.
- `qdrant`: PostgreSQL, Redis, and Qdrant's own engine behind the routes that its client uses. That stands for
  a server as far as the engine and the client's wire go; replicas, shards and the server's own limits it cannot show.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.qdrant_server import QdrantProcess, running_qdrant
from tests.support.scratch import scratch_folder

from adapters.indexing import guarded

WORLDS = ("memory", "postgres", "qdrant")
MASTER_KEY = "a master key for tests"


@pytest.fixture(scope="session")
def qdrant_server() -> Iterator[QdrantProcess]:
    with scratch_folder("supportrag-qdrant-") as folder, running_qdrant(folder) as server:
        yield server


@pytest.fixture
def qdrant_url(qdrant_server: QdrantProcess) -> str:
    """The address of a server without collections."""
    with httpx.Client(base_url=qdrant_server.url, timeout=30) as client:
        for collection in client.get("/collections").json()["result"]["collections"]:
            client.delete(f"/collections/{collection['name']}").raise_for_status()
    return qdrant_server.url


@pytest.fixture
def world_settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of the world that the test is run in."""
    world = request.param
    if world == "memory":
        return {}
    kept = {
        "database_url": request.getfixturevalue("database_url"),
        "redis_url": request.getfixturevalue("redis_url"),
        "master_key": MASTER_KEY,
    }
    if world == "qdrant":
        # The stand-in shares two cores with the tests; what a slow index costs, the tests of outages show.
        request.getfixturevalue("monkeypatch").setattr(guarded, "SEARCH_SECONDS", 15.0)
        kept["vector_url"] = f"qdrant+{request.getfixturevalue('qdrant_url')}"
    return kept


def in_every_world(metafunc: pytest.Metafunc) -> None:
    """As `pytest_generate_tests`: whatever asks for a world is run once in each."""
    if "world_settings" in metafunc.fixturenames:
        metafunc.parametrize("world_settings", WORLDS, indirect=True)
