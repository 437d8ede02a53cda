"""Hands the container's use-cases to the handlers, each under its own name."""

from typing import Any

from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.http.mcp.server import McpServer
from entrypoints.http.mcp.tools import Desk
from entrypoints.parts import VERSION
from entrypoints.settings import Settings

USE_CASES = (
    "ask", "submit_batch", "browse_queries", "give_feedback", "search", "search_further", "browse_jobs",
    "watch_job", "cancel_job", "accept_upload", "browse_review", "review_pairs", "split_pair", "browse_documents",
    "archive_document", "restore_document", "edit_document", "browse_versions", "restore_version", "browse_pairs",
    "edit_pair", "add_pair", "move_pair", "stage_file", "add_chunks", "edit_chunks", "remove_staged",
    "commit_draft", "browse_drafts", "check_health", "views", "clock", "channel_secrets",
)  # fmt: skip

WEBHOOK_USE_CASES = (
    "register_webhook", "change_webhook", "delete_webhook", "rotate_secret", "test_webhook", "retry_delivery",
    "browse_webhooks", "browse_deliveries", "read_events", "accept_incoming",
)  # fmt: skip

CONVERSATION_USE_CASES = (
    "open_session", "browse_sessions", "close_session", "converse", "hand_over", "browse_escalations",
    "assign_escalation", "speak_as_operator", "resolve_escalation", "browse_users", "edit_user", "erase_user",
    "export_user", "browse_history", "forget_history", "post_to_channel", "take_from_channel",
)  # fmt: skip

STEERING_USE_CASES = (
    "browse_config", "change_config", "browse_guardrails", "adjust_guardrail", "browse_intents", "edit_intents",
    "browse_categories", "edit_categories", "classify_document", "label_document", "label_chunks",
    "browse_taxonomy", "rename_label", "sync_taxonomy", "tend_cache",
)  # fmt: skip

ACCESS_USE_CASES = (
    "create_key", "rotate_key", "revoke_key", "browse_keys", "grant_token", "signing_keys", "callback_secrets",
    "use_quota", "browse_tenants", "browse_audit",
)  # fmt: skip

SEEING_USE_CASES = ("read_analytics", "find_gaps", "browse_logs", "show_metrics")

JUDGING_USE_CASES = (
    "request_evaluation",
    "browse_evaluations",
    "keep_dataset",
    "browse_datasets",
    "calibrate",
    "take_fit_back",
)


class Provided(Provide):
    """Litestar compares every provider with every other, for every route: by what they are, a second of work at
    each start; each of ours is equal to itself only."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def dependencies(container: Container) -> dict[str, Provide]:
    webhooks, conversations = container.webhooks, container.conversations
    return {
        **{name: _provide(container, name) for name in USE_CASES},
        **{name: _provide(webhooks, name) for name in WEBHOOK_USE_CASES},
        **{name: _provide(container.access, name) for name in ACCESS_USE_CASES},
        **{name: _provide(conversations, name) for name in CONVERSATION_USE_CASES},
        **{name: _provide(container.steering, name) for name in STEERING_USE_CASES},
        **{name: _provide(container.seeing, name) for name in SEEING_USE_CASES},
        **{name: _provide(container.judging, name) for name in JUDGING_USE_CASES},
        "mcp": Provide(lambda: _mcp_server(container), sync_to_thread=False, use_cache=True),
    }


def _mcp_server(container: Container) -> McpServer:
    talk = container.conversations
    settings: Settings = container.settings()
    desk = Desk(container.search(), talk.converse(), talk.open_session(), talk.hand_over())
    return McpServer(desk, VERSION, settings.cors_origins)


def _provide(container: Any, name: str) -> Provide:
    provider: Any = getattr(container, name)
    return Provided(lambda: provider(), sync_to_thread=False, use_cache=True)
