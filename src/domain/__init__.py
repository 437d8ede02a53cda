"""What a support desk knows and decides: values, aggregates and policies. Standard library only."""
