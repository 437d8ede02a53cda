"""The Model Context Protocol: tools over the use-cases, for assistants that work with the knowledge base."""
