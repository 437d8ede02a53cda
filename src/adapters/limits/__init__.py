"""Counting what keys use."""
