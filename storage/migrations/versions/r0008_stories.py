"""Which records tell one story, and the keys by which those that stand for one are found."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("articles", sa.Column("story", sa.String(32), nullable=True))
    op.create_index("ix_articles_story", "articles", ["story"])
    op.create_table(
        "story_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["articles.id"], name="fk_story_keys_record"),
        sa.PrimaryKeyConstraint("key", "record", name="pk_story_keys"),
        sqlite_with_rowid=False,
    )
