"""Waking the workers."""
