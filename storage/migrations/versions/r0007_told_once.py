"""Procedures told as new when they were met; which procedure takes another's place; numbers that documents name."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("procedures", sa.Column("new_until", sa.Date(), nullable=True))
    op.add_column("document_numbers", sa.Column("document", sa.String(length=32), nullable=True))
    op.add_column("document_numbers", sa.Column("page", sa.Integer(), nullable=True))
    op.create_table(
        "procedure_successions",
        sa.Column("id", ID, nullable=False),
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("successor", sa.String(length=32), nullable=False),
        sa.Column("successor_code", sa.String(length=40), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_successions")),
        sa.UniqueConstraint(
            "record", "successor", "source", "page",
            name=op.f("uq_procedure_successions_record_successor_source_page"),
        ),
    )  # fmt: skip
    for columns in (["successor"], ["source", "page"]):
        name = op.f(f"ix_procedure_successions_{'_'.join(columns)}")
        op.create_index(name, "procedure_successions", columns, unique=False)
    _mark_those_told_when_met()
    # Those that name numbers or procedures are read once more. A scan would need OCR again.
    op.execute(
        "UPDATE document_contents SET due_at = read_at WHERE text <> '' AND outcome = 'OK' "
        "AND CAST(flags AS TEXT) NOT LIKE '%scanned%' "
        "AND (CAST(numbers AS TEXT) LIKE '[{%' OR CAST(procedures AS TEXT) LIKE '[{%')"
    )


def _mark_those_told_when_met() -> None:
    """Those that no decision had told of when they were met: 60 days later its news is another, if they were polled."""
    met = sa.text(
        "SELECT p.id, p.first_seen, v.origin FROM procedures p "
        "LEFT JOIN procedure_versions v ON v.record = p.id AND v.version = 1 "
        "WHERE p.merged_into IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM procedure_announcements a "
        "WHERE a.record = p.id AND (a.change = 'new' OR a.seen_at <= p.first_seen))"
    ).columns(sa.column("id", sa.String), sa.column("first_seen", sa.DateTime(timezone=True)))
    days = [
        {"name": row.id, "day": _day(row.first_seen) + timedelta(days=60 if row.origin == "poll" else 0)}
        for row in op.get_bind().execute(met)
    ]
    if days:
        marked = sa.text("UPDATE procedures SET new_until = :day WHERE id = :name")
        op.get_bind().execute(marked.bindparams(sa.bindparam("day", type_=sa.Date())), days)


def _day(moment: datetime) -> Any:
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return aware.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()
