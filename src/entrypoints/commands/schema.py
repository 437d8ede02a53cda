"""`supportrag migrate`, and the refusal to run on a schema that is older than the program."""

import asyncio

from domain.errors import Conflict, ServiceUnavailable
from entrypoints.commands.terminal import console
from entrypoints.refusals import BadSettings
from entrypoints.settings import Settings, read_settings


def migrate() -> None:
    """Bring the database schema up to date; safe to run twice, and from two places at once."""
    settings = read_settings()
    if settings.database != "postgres":
        raise BadSettings("SUPPORTRAG_DATABASE_URL is memory://, which has no schema; give a postgresql:// address.")
    from entrypoints.parts import migrate_database

    try:
        applied = asyncio.run(migrate_database(settings))
    except Conflict as refusal:
        raise BadSettings(f"SUPPORTRAG_DATABASE_URL: {refusal}") from refusal
    for name in applied:
        console.print(f"applied {name}", highlight=False)
    console.print("The schema is up to date.", highlight=False)


async def require_current_schema(settings: Settings) -> None:
    """Raises `ServiceUnavailable` that names the command to run, or says that there is no database to ask;
    `BadSettings` where the database does not know the name or the user that it was given."""
    if settings.database != "postgres":
        return
    from entrypoints.parts import missing_migrations

    try:
        missing = await missing_migrations(settings)
    except Conflict as refusal:
        raise BadSettings(f"SUPPORTRAG_DATABASE_URL: {refusal}") from refusal
    if missing:
        text = (
            f"The database schema is older than this program (it lacks {', '.join(missing)}). Run: supportrag migrate"
        )
        raise ServiceUnavailable(text)
