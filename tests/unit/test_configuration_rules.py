"""Laws of the configuration: what is laid over what, and what is refused."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.config_rules import check, json_schema
from domain.configuration import differences, effective, in_force, leaves, merged, nested, renamed_category
from domain.errors import InvalidInput
from domain.settings import TenantSettings

DEFAULTS = TenantSettings()
VALUES: dict[tuple[str, ...], st.SearchStrategy[Any]] = {
    ("retrieval", "top_k"): st.integers(1, 50),
    ("retrieval", "similarity_threshold"): st.floats(0, 1),
    ("generation", "temperature"): st.floats(0, 2),
    ("cache", "enabled"): st.booleans(),
    ("limits", "batch_query_max_size"): st.integers(1, 1000),
    ("ingestion", "review"): st.sampled_from(["always", "low_confidence", "never"]),
    ("escalation", "teams", "billing"): st.text(min_size=1, max_size=9),
    ("guardrails", "gr_pii", "action"): st.sampled_from(["block", "redact", "warn"]),
    ("languages", "supported"): st.lists(st.sampled_from(["en", "de"]), min_size=1, max_size=2, unique=True),
}
CHANGES = st.fixed_dictionaries({}, optional=VALUES).map(nested)


@given(CHANGES)
def test_what_is_set_is_in_force(changes: dict[str, Any]) -> None:
    after = in_force(check(changes, {}, DEFAULTS))
    assert all(after[path] == value for path, value in leaves(changes))


@given(CHANGES, CHANGES)
def test_the_later_of_two_changes_counts(first: dict[str, Any], second: dict[str, Any]) -> None:
    overrides = merged(merged({}, first, DEFAULTS), second, DEFAULTS)
    after = in_force(effective(DEFAULTS, overrides))
    expected = dict(leaves(first)) | dict(leaves(second))
    assert all(after[path] == value for path, value in expected.items())


@given(CHANGES)
def test_nulls_take_everything_back(changes: dict[str, Any]) -> None:
    overrides = merged({}, changes, DEFAULTS)
    assert merged(overrides, dict.fromkeys(changes), DEFAULTS) == {}


@given(CHANGES)
def test_exactly_the_changed_values_are_named(changes: dict[str, Any]) -> None:
    before, after = in_force(DEFAULTS), check(changes, {}, DEFAULTS)
    named = differences(DEFAULTS, after)
    assert set(named) == {".".join(path) for path, value in leaves(changes) if before.get(path) != value}


@given(CHANGES)
def test_the_configuration_in_force_changes_nothing_when_it_is_put_back(changes: dict[str, Any]) -> None:
    overrides = merged({}, changes, DEFAULTS)
    again = nested(in_force(effective(DEFAULTS, overrides)))
    again["limits"].pop("batch_query_max_size", None)
    assert merged(overrides, again, DEFAULTS) == overrides


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_json_is_taken_or_refused_by_name(value: Any) -> None:
    for section in asdict(DEFAULTS):
        try:
            check({section: value}, {}, DEFAULTS)
        except InvalidInput as refusal:
            assert refusal.problems[0].field == section


@pytest.mark.parametrize("value", [True, "5", 5.5, [5]])
def test_a_whole_number_is_neither_a_truth_nor_a_text(value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        check({"retrieval": {"top_k": value}}, {}, DEFAULTS)
    assert refused.value.problems[0].details["expected"] == "a whole number"


def test_names_of_old_settings_are_passed_over() -> None:
    assert effective(DEFAULTS, {"gone": {"x": 1}, "cache": {"gone": 1, "ttl_seconds": 5}}).cache.ttl_seconds == 5


def test_the_schema_has_the_bounds_of_every_value() -> None:
    schema = json_schema()["properties"]["limits"]["properties"]
    assert schema["batch_query_max_size"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 1000}


def test_a_renamed_category_keeps_its_team() -> None:
    overrides = {"escalation": {"teams": {"money": "desk", "x": "y"}, "default_category": "money"}}
    renamed, changed = renamed_category(overrides, "money", "billing")
    assert renamed == {"escalation": {"teams": {"billing": "desk", "x": "y"}, "default_category": "billing"}}
    assert "escalation.teams.billing" in changed
