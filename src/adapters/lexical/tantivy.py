"""Tantivy, in process."""

from adapters.lexical.sharded import ShardedLexicalIndex
from adapters.lexical.tantivy_shard import TantivyShard


class TantivyLexicalIndex(ShardedLexicalIndex):
    """One Tantivy index a tenant, in memory; hits are scored by the formula, candidates are Tantivy's."""

    def __init__(self, threads: int = 2) -> None:
        super().__init__(TantivyShard, threads)
