"""Cursors over what all tenants write to in one order."""

from application.ports.delivery import Cipher
from domain.errors import InvalidInput

_URL_SAFE = str.maketrans("+/", "-_")
_PLAIN = str.maketrans("-_", "+/")


class SealedCursors:
    """A position in such an order, as a text that tells its reader nothing: two bare positions would tell a tenant
    how much others wrote in between."""

    def __init__(self, cipher: Cipher, kind: str) -> None:
        self._cipher, self._kind = cipher, kind

    def seal(self, tenant_id: str, position: str) -> str:
        return self._cipher.seal(position, self._context(tenant_id)).translate(_URL_SAFE)

    def open(self, tenant_id: str, cursor: str) -> str:
        """Raises `InvalidInput` for a cursor of another list or another tenant, or one that nobody made."""
        try:
            return self._cipher.open(cursor.translate(_PLAIN), self._context(tenant_id))
        except ValueError as error:
            message = "This cursor was not made by this list; take the one of its last page."
            raise InvalidInput(message, field="cursor") from error

    def _context(self, tenant_id: str) -> str:
        return f"{tenant_id}:cursor of {self._kind}"
