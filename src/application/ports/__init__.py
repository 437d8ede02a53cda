"""The promises the use-cases need kept: protocols whose docstrings are tested on every adapter."""
