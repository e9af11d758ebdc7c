"""Mail that came back; the webhook's secret that a new one takes the place of; when a channel was begun anew."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("channels", sa.Column("former_secret", sa.Text(), nullable=True))
    op.add_column("channels", sa.Column("former_until", MOMENT, nullable=True))
    op.add_column("channels", sa.Column("begun_at", MOMENT, nullable=True))
    op.create_table(
        "bounces",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("status", sa.String(length=11), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name=op.f("fk_bounces_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("message", "permanent", name=op.f("uq_bounces_message_permanent")),
    )
    op.create_index("ix_bounces_channel_at", "bounces", ["channel", "at"])
