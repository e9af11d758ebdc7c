"""The scheduler's tables: what was learned of listings, and when sources are due."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "rhythms",
        sa.Column("id", ID, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("interval_minutes", sa.Float(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rhythms")),
        sa.UniqueConstraint("source", "listing", name=op.f("uq_rhythms_source_listing")),
    )
    op.create_table(
        "schedules",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("next_due", MOMENT, nullable=True),
        sa.Column("interval_minutes", sa.Float(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("wanted_at", MOMENT, nullable=True),
        sa.Column("spent", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_schedules")),
    )
