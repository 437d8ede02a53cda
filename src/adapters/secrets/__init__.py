"""Keeping secrets at rest."""
