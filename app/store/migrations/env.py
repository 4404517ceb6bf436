"""alembic's entry point: all steps in one transaction of `migrations.migrating`."""

from alembic import context
from sqlalchemy import Connection

from app.store.database import arrival
from app.store.migrations import VERSION_TABLE, migrating
from app.store.migrations.steps import refuse_newer
from app.store.models import Base


def run() -> None:
    """Apply the steps to the connection that is passed, or to the database of an engine."""
    given = context.config.attributes
    if "connection" in given:
        _run_on(given["connection"])
        return
    with migrating(given["engine"], given["schema"]) as connection:
        _run_on(connection)


def _run_on(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE
    )
    step = context.get_context().get_current_revision()
    refuse_newer(step)
    if step is None and connection.dialect.name == "postgresql":
        arrival.require_room(connection)
    context.run_migrations()


run()
