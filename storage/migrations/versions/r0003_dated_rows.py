"""How many of a listing's rows show a date."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("listings", sa.Column("dated", sa.Integer(), nullable=True))
