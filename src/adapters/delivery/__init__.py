"""Deliveries: what carries them, and the queues that hold them."""
