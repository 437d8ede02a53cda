"""Stores: one file per technology."""
