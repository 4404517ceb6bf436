"""The schema's history. `upgrade` brings a database from empty, or any step, to the newest."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

#: The newest step. A server that finds another one in the database is not ready to serve.
HEAD = "0008"
#: Where a database notes its step.
VERSION_TABLE = "qoltanba_version"


def upgrade(engine: Engine, schema: str | None = None) -> None:
    """Apply every step that is missing. Two processes that do so at once don't disturb each other.

    Args:
        engine: of the database; prepared by `database.prepare`.
        schema: PostgreSQL schema for the tables, made if it is not there; None: the default.

    Raises:
        WrongStep: a newer program migrated the database.
        SQLAlchemyError: the database can't be used.
        OSError: the folder of a SQLite file can't be made or read.
    """
    # Here, since a server that only serves would spend a tenth of its start on them.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes.update(engine=engine, schema=schema)
    command.upgrade(settings, "head")
