"""Who judges answers: one by embeddings that is always there, and one by a language model."""
