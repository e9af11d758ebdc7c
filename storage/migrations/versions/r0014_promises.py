"""What each watch promises, and to whom, from which event on; when what waits for a channel is looked at next.

And what a feed of one kind asks the event log for, where nearly all of it is of other kinds.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WISH = ("query", "kinds", "sources", "fields")
WATCHES = sa.table("watches", sa.column("id"), sa.column("query"), *(sa.column(name, sa.JSON) for name in WISH[1:]))
OLD_SPANS = sa.table("watch_spans", *(sa.column(name) for name in ("watch", "after", "until")))
CHANNELS = sa.table(
    "watch_channels", *(sa.column(name) for name in ("watch", "channel", "position", "until", "after")),
    sa.column("look_at", MOMENT),
)  # fmt: skip


def upgrade() -> None:
    op.create_index("ix_events_kind_published_at_cursor", "events", ["kind", "published_at", "cursor"])
    connection = op.get_bind()
    spans = connection.execute(sa.select(OLD_SPANS).order_by(OLD_SPANS.c.watch, OLD_SPANS.c.after)).all()
    wishes = {row.id: {name: getattr(row, name) for name in WISH} for row in connection.execute(sa.select(WATCHES))}
    columns = (CHANNELS.c.watch, CHANNELS.c.channel, CHANNELS.c.until)
    channels = connection.execute(sa.select(*columns).order_by(CHANNELS.c.position)).all()
    op.drop_table("watch_spans")
    made = op.create_table(
        "watch_spans",
        sa.Column("number", ID, nullable=False),
        sa.Column("watch", sa.String(length=32), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["watch"], ["watches.id"], name=op.f("fk_watch_spans_watch")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_watch_spans")),
    )
    op.create_index("ix_watch_spans_watch", "watch_spans", ["watch"])
    rows = [
        {"watch": span.watch, "after": after, "until": until, "channels": to, **wishes[span.watch]}
        for span in spans
        for after, until, to in _pieces(span, [one for one in channels if one.watch == span.watch])
    ]
    if rows:
        connection.execute(sa.insert(made), rows)
    _of_channels(connection, {span.watch: span.after for span in spans})


def _pieces(span: Any, channels: list[Any]) -> list[tuple[int, int | None, list[str]]]:
    """A span, cut where a reader left."""
    last = span.until
    cuts = {one.until for one in channels if one.until is not None and one.until > span.after}
    ends = sorted(one for one in cuts if last is None or one < last)
    begins = [span.after, *ends]
    return [
        (after, until, [one.channel for one in channels if one.until is None or one.until > after])
        for after, until in zip(begins, [*ends, last], strict=True)
    ]


def _of_channels(connection: sa.Connection, begun: dict[str, int]) -> None:
    """What is queued is looked at once; what was not read before the last pause ended is told to nobody."""
    op.add_column("watch_channels", sa.Column("look_at", MOMENT, nullable=True))
    op.add_column("watch_channels", sa.Column("after", sa.BigInteger(), nullable=True))
    connection.execute(sa.update(CHANNELS).values(after=0, look_at=datetime(2026, 1, 1, tzinfo=UTC)))
    for watch, after in begun.items():
        connection.execute(sa.update(CHANNELS).where(CHANNELS.c.watch == watch).values(after=after))
    with op.batch_alter_table("watch_channels") as changed:
        changed.alter_column("after", existing_type=sa.BigInteger(), nullable=False)
    op.create_index("ix_watch_channels_look_at", "watch_channels", ["look_at"])
