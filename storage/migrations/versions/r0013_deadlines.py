"""Days until when records ask for something, as their pages and documents print them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deadlines",
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=32), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("precision", sa.String(length=10), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["record"], ["articles.id"], name=op.f("fk_deadlines_record")),
        sa.PrimaryKeyConstraint("record", "key", name=op.f("pk_deadlines")),
    )
    op.create_index("ix_deadlines_at", "deadlines", ["at"])
    op.add_column("document_contents", sa.Column("deadlines", sa.JSON(), nullable=True))
