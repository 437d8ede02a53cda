"""Clocks and identifiers."""
