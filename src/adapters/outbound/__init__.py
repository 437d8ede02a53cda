"""The address guard, and what goes out through it."""
