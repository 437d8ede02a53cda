"""The use-cases of the service and the ports they need. Knows the domain, nothing else."""
