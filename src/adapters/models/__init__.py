"""Embedders, rerankers, language models and language detection behind `application.ports.models`."""
