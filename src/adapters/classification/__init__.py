"""Learning to label texts from examples."""
