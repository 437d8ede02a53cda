"""Model files that ship inside installed packages, found without importing those packages and verified."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from domain.errors import ServiceUnavailable


class WeightsUnusable(ServiceUnavailable):
    """The files of a bundled model are missing or are not the ones this release was measured with."""


def verified(package: str, file: str, sha256: str) -> Path:
    """The path of `file` inside `package`, after its SHA-256 was found to be the pinned one.

    An index remembers the digest of its model: other weights under the same name would be compared
    with old vectors without anybody noticing, so anything but the pinned file is refused.
    """
    path = _locate(package) / file
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise WeightsUnusable(f"The model file {path} cannot be read; reinstall {package}.") from error
    if found != sha256:
        raise WeightsUnusable(
            f"The model file {path} has SHA-256 {found}, expected {sha256}; "
            f"reinstall {package} at the version this release pins."
        )
    return path


def _locate(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsUnusable(f"The package {package}, which carries a bundled model, is not installed.")
    return Path(next(iter(spec.submodule_search_locations)))
