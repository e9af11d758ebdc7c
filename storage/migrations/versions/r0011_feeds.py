"""What feeds ask the event log for, and what a watch's private feed is asked with."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for column in ("record", "source", "origin", "published_at"):
        op.create_index(f"ix_events_{column}_cursor", "events", [column, "cursor"])
    op.add_column("watches", sa.Column("feed_token", sa.String(length=64), nullable=True))
    watches = sa.table("watches", sa.column("id", sa.String), sa.column("feed_token", sa.String))
    connection = op.get_bind()
    for (name,) in connection.execute(sa.select(watches.c.id)).all():
        value = secrets.token_urlsafe(24)
        connection.execute(sa.update(watches).where(watches.c.id == name).values(feed_token=value))
