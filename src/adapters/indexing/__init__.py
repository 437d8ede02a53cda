"""What the dense and the lexical indexes have in common; belongs to neither family."""
