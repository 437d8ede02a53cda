"""The index is built anew, also for another model, while questions go on being answered."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from dependency_injector import providers
from tests.support.system import KEY, SystemUnderTest, embedder, running
from tests.support.worlds import MASTER_KEY

from domain.errors import Conflict
from entrypoints.commands.reindexing import rebuild
from entrypoints.container import build
from entrypoints.refusals import BadSettings
from entrypoints.settings import Settings
from entrypoints.system import System

RETURNS = ("What is your return policy?", "We accept returns within 30 days.")
OPENING = ("When do you open?", "We open at nine.")


class Upgraded:
    """The bundled models, under the digests of other weights."""

    def __init__(self) -> None:
        self.spaces = tuple(dataclasses.replace(space, digest=f"{space.digest}-2") for space in embedder().spaces)
        self.embedded: list[str] = []

    async def open(self) -> None:
        """It opens at its first text."""

    async def embed(self, space: str, texts: Sequence[str]) -> Any:
        self.embedded += texts
        return await embedder().embed(space, texts)

    async def close(self) -> None:
        """Others still use it."""


@pytest.fixture
def settings(database_url: str, redis_url: str, qdrant_url: str) -> dict[str, Any]:
    return {
        "database_url": database_url,
        "redis_url": redis_url,
        "vector_url": f"qdrant+{qdrant_url}",
        "master_key": MASTER_KEY,
    }


def on(settings: dict[str, Any], model: Any) -> System:
    container = build(Settings(_env_file=None, bootstrap_api_key=KEY, **settings))
    container.embedder.override(providers.Object(model))
    return System(container)


async def mode_of(system: SystemUnderTest, question: str) -> str:
    found = await system.ask(question, options={"use_cache": False})
    return f"{found['metadata']['retrieval_mode']}: {found['answer']}"


async def test_another_model_gets_an_index_of_its_own_while_the_old_one_serves(settings: dict[str, Any]) -> None:
    model = Upgraded()
    async with running(**settings) as old:
        await old.learn(RETURNS)
        refused = on(settings, model)
        with pytest.raises(Conflict, match="supportrag reindex"):
            await refused.open()
        await refused.close()
        with pytest.raises(BadSettings, match="all tenants"):
            await rebuild(on(settings, model), ["acme"], wait=True)
        await rebuild(on(settings, model), [], wait=True)
        assert await mode_of(old, RETURNS[0]) == f"hybrid: {RETURNS[1]}"
        async with running(overrides={"embedder": model}, **settings) as new:
            assert await mode_of(new, RETURNS[0]) == f"hybrid: {RETURNS[1]}"
            await new.learn(OPENING, title="hours")
            assert await mode_of(new, OPENING[0]) == f"hybrid: {OPENING[1]}"


async def test_an_index_is_built_anew_without_embedding_anything_again(settings: dict[str, Any]) -> None:
    model = Upgraded()
    async with running(overrides={"embedder": model}, **settings) as system:
        await system.learn(RETURNS, OPENING)
        await system.container.vectors().clear("platform")
        await system.container.lexical().clear("platform")
        model.embedded.clear()
        await rebuild(on(settings, model), [], wait=False)
        assert await system.run_due() == 1
        assert model.embedded == []
        assert await mode_of(system, OPENING[0]) == f"hybrid: {OPENING[1]}"
