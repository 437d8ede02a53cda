"""The answer cache, seen and emptied."""

from tests.support.system import SystemUnderTest

RETURNS = ("What is your return policy?", "We accept returns within 30 days of purchase, with the receipt.")
SHIPPING = ("How much does shipping cost?", "Standard shipping is $5.99; orders over $50 ship free.")


async def clear(system: SystemUnderTest, user_id: str) -> int:
    cleared: int = (await system.data("DELETE", "/api/v1/cache", json={"user_id": user_id}))["cleared"]
    return cleared


async def test_the_cache_says_what_it_holds_and_how_often_it_helped(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    empty = await system.data("GET", "/api/v1/cache/status")
    assert (empty["total_keys"], empty["hit_rate"], empty["connected"]) == (0, 0.0, True)
    for _ in range(2):
        await system.ask(RETURNS[0])
    status = await system.data("GET", "/api/v1/cache/status")
    assert (status["total_keys"], status["hit_rate"]) == (1, 0.5)
    assert status["memory_usage_mb"] > 0


async def test_everything_or_one_persons_answers_are_forgotten(system: SystemUnderTest) -> None:
    await system.learn(RETURNS, SHIPPING)
    await system.ask(RETURNS[0], user_id="ann")
    await system.ask(SHIPPING[0], user_id="bob")
    assert await clear(system, "nobody") == 0
    assert await clear(system, "ann") == 1
    assert (await system.ask(RETURNS[0]))["cache_hit"] is False
    assert (await system.ask(SHIPPING[0]))["cache_hit"] is True
    assert await clear(system, "all") == 2
    assert (await system.data("GET", "/api/v1/cache/status"))["total_keys"] == 0


async def test_a_refused_neighbour_is_no_hit(system: SystemUnderTest) -> None:
    await system.learn(("How do I turn on notifications?", "In the settings."))
    await system.ask("How do I turn on notifications?")
    await system.ask("How do I turn off notifications?")
    assert (await system.data("GET", "/api/v1/cache/status"))["hit_rate"] == 0.0


async def test_a_change_of_the_configuration_makes_old_answers_unknown(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    await system.ask(RETURNS[0])
    await system.data("PUT", "/api/v1/config", json={"retrieval": {"top_k": 3}})
    assert (await system.ask(RETURNS[0]))["cache_hit"] is False
