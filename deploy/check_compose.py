"""Reads a compose file by the Compose specification: `python check_compose.py FILE`. Run by `make check-deploy`."""

import json
import sys
from pathlib import Path

import compose_spec
import yaml

BACKENDS = {"postgres", "redis", "qdrant"}
PROFILES = {"infra": BACKENDS, "full": BACKENDS | {"api", "worker", "migrate"}}

document = yaml.safe_load(Path(sys.argv[1]).read_text("utf-8"))  # resolves the anchors, which the reader refuses
compose_spec.PyCompose.from_json(json.dumps(document)).validate()
for profile, wanted in PROFILES.items():
    found = {name for name, service in document["services"].items() if profile in service["profiles"]}
    if found != wanted:
        sys.exit(f"profile {profile} has {sorted(found)} instead of {sorted(wanted)}")
