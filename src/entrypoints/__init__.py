"""HTTP, worker, command line, settings and the composition root: they translate, nothing more."""
