"""Dense indexes."""
