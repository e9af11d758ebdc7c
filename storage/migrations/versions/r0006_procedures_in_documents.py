"""What documents tell: the procedures that they list, the numbers that they name, whose decision they are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("procedures", "numbers"):
        op.add_column("document_contents", sa.Column(name, sa.JSON(), nullable=True))
    op.add_column("document_contents", sa.Column("decision", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("document_contents", sa.Column("effective", sa.Date(), nullable=True))
    # Those that have text are read once more. A scan would need OCR again, and lose its text where there is none now.
    op.execute(
        "UPDATE document_contents SET due_at = read_at "
        "WHERE text <> '' AND outcome = 'OK' AND CAST(flags AS TEXT) NOT LIKE '%scanned%'"
    )
