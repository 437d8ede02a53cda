"""What may be lost at any moment: answers given before."""
