"""Where the backfill of a listing goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("listings", sa.Column("resume", sa.JSON(none_as_null=True), nullable=True))
