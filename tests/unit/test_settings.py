"""Settings that cannot be meant so are refused, in words that name them."""

import pytest
from pydantic import ValidationError

from entrypoints.refusals import BadSettings
from entrypoints.settings import Settings, read_settings


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("database_url", "mysql://x", "must be one of"),
        ("database_url", "postgresql://host:abc/x", "is not an address"),
        ("redis_url", "redis://host:port", "is not an address"),
        ("redis_url", "redis//host", "must be one of"),
        ("vector_url", "qdrant+http://", "names no host"),
        ("vector_url", "qdrant://qdrant:6333", r"qdrant\+http://HOST:6333 for a server"),
        ("vector_url", "qdrant://local?folder=x", r"qdrant://local\?path=FOLDER"),
        ("embedder", "sentence-transformers:", "names no model"),
        ("reranker", "cross-encoder:", "names no model"),
        ("llm", "openai:", "names no model"),
        ("llm", "gpt-4", "must be one of"),
    ],
)
def test_an_address_or_model_that_cannot_be_meant_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql:///name?host=/run/postgresql"),
        ("database_url", "postgresql://user:p%40ss@[::1]:5432/name?sslmode=require"),
        ("redis_url", "rediss://:secret@cache:6380/2"),
        ("vector_url", "qdrant+https://cloud.example:6334/prefix"),
        ("vector_url", "qdrant://local"),
        ("vector_url", "qdrant://local?path=/var/lib/qdrant"),
        ("llm", "openai:llama3:8b"),
    ],
)
def test_what_the_backends_take_is_taken(name: str, value: str) -> None:
    assert getattr(settings(**{name: value}, master_key="a key"), name) == value


def test_a_misspelt_name_is_refused_with_the_ones_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTRAG_REDIS_ULR", "redis://x")
    with pytest.raises(BadSettings, match=r"SUPPORTRAG_REDIS_ULR.*SUPPORTRAG_REDIS_URL"):
        read_settings()


def test_a_name_that_is_like_no_other_is_refused_with_all_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTRAG_QQQQ", "x")
    with pytest.raises(BadSettings, match=r"SUPPORTRAG_QQQQ is not known; known are .*SUPPORTRAG_VECTOR_URL"):
        read_settings()


def test_a_database_needs_the_key_that_its_secrets_are_encrypted_with() -> None:
    with pytest.raises(ValidationError, match="SUPPORTRAG_MASTER_KEY is required"):
        settings(database_url="postgresql://x/y")


def test_what_lives_inside_the_process_is_named() -> None:
    alone = settings(database_url="postgresql://x/y", master_key="a key", redis_url="redis://x")
    assert alone.in_process == ("SUPPORTRAG_VECTOR_URL=faiss://",)
    with pytest.raises(BadSettings, match=r"host-1:77.*SUPPORTRAG_VECTOR_URL=faiss://"):
        alone.require_room(["host-1:77"])
    alone.require_room([])
