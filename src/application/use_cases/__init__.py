"""One class per command, one Browse class per resource."""
