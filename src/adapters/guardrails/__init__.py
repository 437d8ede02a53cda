"""Detectors for the guardrails."""
