"""What a tenant may steer: read, changed all or not at all, looked back on, gone back to, in force at once."""

import asyncio
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

CONFIG = "/api/v1/config"
SEED = {"retrieval": {"top_k": 7, "similarity_threshold": 0.5}, "generation": {"temperature": 0.2}}
RETURNS = ("What is your return policy?", "We accept returns within 30 days of purchase, with the receipt.")


async def test_a_change_says_which_fields_it_changed_and_is_in_force_at_once(system: SystemUnderTest) -> None:
    changed = await system.data("PUT", CONFIG, json=SEED)
    assert changed["updated_fields"] == [
        "retrieval.top_k",
        "retrieval.similarity_threshold",
        "generation.temperature",
    ]
    assert changed["changes_applied"] is True
    config = await system.data("GET", CONFIG)
    assert config["retrieval"]["top_k"] == 7
    assert config["generation"]["temperature"] == 0.2
    assert config["retrieval"]["bm25_weight"] == 0.3


async def test_what_has_no_effect_is_said_in_the_warning(system: SystemUnderTest) -> None:
    changed = await system.data("PUT", CONFIG, json={"generation": {"temperature": 0.5}})
    assert "generation.temperature" in changed["warning"]
    assert (await system.data("PUT", CONFIG, json={"retrieval": {"top_k": 3}}))["warning"] is None


BAD: dict[str, tuple[Any, str, str, Any]] = {
    "too small": ({"retrieval": {"top_k": 0}}, "retrieval.top_k", "minimum", 1),
    "too large": ({"limits": {"query_timeout_seconds": 31}}, "limits.query_timeout_seconds", "maximum", 30),
    "wrong type": ({"cache": {"enabled": "yes"}}, "cache.enabled", "expected", "true or false"),
    "unknown field": ({"retrieval": {"topk": 5}}, "retrieval.topk", "rule", "unknown_field"),
    "unknown section": ({"retreival": {"top_k": 5}}, "retreival", "rule", "unknown_field"),
    "set by the deployment": ({"retrieval": {"vector_db": "pinecone"}}, "retrieval.vector_db", "rule", "read_only"),
    "unknown language": ({"languages": {"supported": ["en", "tlh"]}}, "languages.supported", "allowed", None),
    "unknown guardrail": ({"guardrails": {"gr_x": {"enabled": True}}}, "guardrails.gr_x", "rule", "unknown_field"),
    "both weights zero": (
        {"retrieval": {"bm25_weight": 0, "vector_weight": 0}},
        "retrieval.vector_weight",
        "rule",
        "one_above_zero",
    ),
    "a section that is none": ({"cache": 5}, "cache", "expected", "an object"),
}


@pytest.mark.parametrize(("body", "field", "detail", "value"), BAD.values(), ids=BAD.keys())
async def test_a_bad_value_is_refused_with_its_field_and_bounds(
    system: SystemUnderTest, body: Any, field: str, detail: str, value: Any
) -> None:
    refused = await system.call("PUT", CONFIG, json=body, expect=400)
    [error] = refused["errors"]
    assert error["field"] == field
    assert detail in error["details"]
    assert value is None or error["details"][detail] == value


async def test_a_change_is_made_whole_or_not_at_all_and_every_bad_field_is_named(system: SystemUnderTest) -> None:
    before = await system.data("GET", CONFIG)
    body = {"retrieval": {"top_k": 9, "bm25_weight": 2}, "cache": {"ttl_seconds": 0}, "nonsense": {}}
    refused = await system.call("PUT", CONFIG, json=body, expect=400)
    fields = {error["field"] for error in refused["errors"]}
    assert fields == {"retrieval.bm25_weight", "cache.ttl_seconds", "nonsense"}
    assert await system.data("GET", CONFIG) == before


async def test_a_dry_run_says_what_would_change_and_changes_nothing(system: SystemUnderTest) -> None:
    tried = await system.data("PUT", CONFIG, json={**SEED, "dry_run": True})
    assert tried["updated_fields"] == ["retrieval.top_k", "retrieval.similarity_threshold", "generation.temperature"]
    assert tried["changes_applied"] is False
    assert (await system.data("GET", CONFIG))["retrieval"]["top_k"] == 5
    await system.call("PUT", CONFIG, json={"retrieval": {"top_k": 0}}, params={"dry_run": "true"}, expect=400)


async def test_what_was_read_can_be_put_back_unchanged(system: SystemUnderTest) -> None:
    config = await system.data("GET", CONFIG)
    assert (await system.data("PUT", CONFIG, json=config))["updated_fields"] == []
    assert (await system.data("GET", "/api/v1/config/history"))["changes"] == []


async def test_null_takes_a_value_back_to_the_default(system: SystemUnderTest) -> None:
    await system.data("PUT", CONFIG, json=SEED)
    taken_back = await system.data("PUT", CONFIG, json={"retrieval": {"top_k": None}, "generation": None})
    assert taken_back["updated_fields"] == ["retrieval.top_k", "generation.temperature"]
    config = await system.data("GET", CONFIG)
    assert (config["retrieval"]["top_k"], config["retrieval"]["similarity_threshold"]) == (5, 0.5)


async def test_the_history_says_who_changed_what_and_a_rollback_makes_it_as_it_was(system: SystemUnderTest) -> None:
    await system.data("PUT", CONFIG, json={"retrieval": {"top_k": 7}, "comment": "more sources"})
    await system.data("PUT", CONFIG, json={"retrieval": {"top_k": 9}, "cache": {"enabled": False}})
    history = (await system.data("GET", "/api/v1/config/history"))["changes"]
    assert [change["changed_fields"] for change in history] == [
        ["retrieval.top_k", "cache.enabled"],
        ["retrieval.top_k"],
    ]
    assert [change["comment"] for change in history] == ["", "more sources"]
    back = await system.data("POST", "/api/v1/config/rollback")
    assert back["updated_fields"] == ["retrieval.top_k", "cache.enabled"]
    assert (await system.data("GET", CONFIG))["retrieval"]["top_k"] == 7
    await system.data("POST", "/api/v1/config/rollback", json={"to": 0})
    assert (await system.data("GET", CONFIG))["retrieval"]["top_k"] == 5
    assert (await system.data("GET", "/api/v1/config/history"))["changes"][0]["number"] == 4
    await system.call("POST", "/api/v1/config/rollback", json={"to": 99}, expect=404)


async def test_there_is_nothing_to_roll_back_before_the_first_change(system: SystemUnderTest) -> None:
    await system.call("POST", "/api/v1/config/rollback", expect=409)


async def test_changes_made_at_once_are_all_kept(system: SystemUnderTest) -> None:
    bodies = [{"retrieval": {"top_k": 11}}, {"cache": {"ttl_seconds": 60}}, {"limits": {"max_query_length": 500}}]
    await asyncio.gather(*(system.data("PUT", CONFIG, json=body) for body in bodies))
    config = await system.data("GET", CONFIG)
    values = (config["retrieval"]["top_k"], config["cache"]["ttl_seconds"], config["limits"]["max_query_length"])
    assert values == (11, 60, 500)
    history = (await system.data("GET", "/api/v1/config/history"))["changes"]
    assert [change["number"] for change in history] == [3, 2, 1]


async def test_the_next_question_follows_the_change(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    assert (await system.ask(RETURNS[0], session_id="s", user_id="ann"))["action"] == "auto_reply"
    await system.data("PUT", CONFIG, json={"escalation": {"repeated_question_limit": 2}})
    assert (await system.ask(RETURNS[0], session_id="s", user_id="ann"))["action"] == "escalate"
    await system.data("PUT", CONFIG, json={"limits": {"max_query_length": 10}})
    refused = await system.call("POST", "/api/v1/queries", json={"question": RETURNS[0]}, expect=400)
    assert refused["errors"][0]["details"]["max_length"] == 10


async def test_a_change_is_announced(system: SystemUnderTest) -> None:
    await system.data("PUT", CONFIG, json=SEED)
    recorded = await system.container.store().recorded_events("platform")
    [event] = [each.event for each in recorded if type(each.event).__name__ == "ConfigUpdated"]
    assert event.changed_fields == ("retrieval.top_k", "retrieval.similarity_threshold", "generation.temperature")


async def test_the_whole_configuration_shows_no_secret() -> None:
    secrets = {
        "bootstrap_api_key": "sk_test_bootstrap_key_of_the_tests",
        "llm_api_key": "sk-very-secret",
        "master_key": "another-secret",
    }
    async with running(**secrets) as system:
        answer = await system.http.get("/api/v1/config/full")
        assert answer.status_code == 200
        assert not any(secret in answer.text for secret in secrets.values())
        deployment = answer.json()["data"]["deployment"]
        assert (deployment["llm_api_key"], deployment["vector_url"]) == ("***", "faiss://")


async def test_phrases_are_there_in_all_five_languages(system: SystemUnderTest) -> None:
    phrases = (await system.data("GET", "/api/v1/config/phrases"))["phrases"]
    assert set(phrases) == {"en", "ru", "de", "fr", "es"}
    assert len({frozenset(texts) for texts in phrases.values()}) == 1


async def test_guardrails_are_shown_adjusted_and_tried(system: SystemUnderTest) -> None:
    attack = "x'; DROP TABLE users; SELECT * FROM passwords WHERE 'a'='a"
    tried = await system.data("POST", "/api/v1/guardrails/test", json={"text": attack})
    assert tried["blocked"] is True
    assert tried["triggered_rules"] == ["gr_sql_injection"]
    changed = await system.data("PUT", "/api/v1/guardrails/gr_sql_injection", json={"enabled": False, "action": "warn"})
    assert (changed["rule_id"], changed["enabled"], changed["action"]) == ("gr_sql_injection", False, "warn")
    shown = await system.data("GET", "/api/v1/guardrails")
    by_id = {rule["rule_id"]: rule for rule in shown["input_guardrails"]["rules"]}
    assert by_id["gr_sql_injection"]["enabled"] is False
    assert (await system.data("POST", "/api/v1/guardrails/test", json={"text": attack}))["passed"] is True
    assert (await system.ask(attack))["action"] == "escalate"
    history = (await system.data("GET", "/api/v1/config/history"))["changes"]
    assert history[0]["changed_fields"] == ["guardrails.gr_sql_injection.enabled", "guardrails.gr_sql_injection.action"]


async def test_a_rule_that_is_off_can_be_tried(system: SystemUnderTest) -> None:
    body = {"text": "My card is 4111 1111 1111 1111", "direction": "input", "rule_ids": ["gr_pii_input"]}
    assert (await system.data("POST", "/api/v1/guardrails/test", json=body))["passed"] is True
    tried = await system.data("POST", "/api/v1/guardrails/test", json={**body, "include_disabled": True})
    assert tried["results"][0]["text"] == "My card is [CARD]"


async def test_an_unknown_guardrail_is_not_found(system: SystemUnderTest) -> None:
    await system.call("PUT", "/api/v1/guardrails/gr_nope", json={"enabled": False}, expect=404)
    refused = await system.call("PUT", "/api/v1/guardrails/gr_pii", json={"action": "explode"}, expect=400)
    assert refused["errors"][0]["field"] == "action"
