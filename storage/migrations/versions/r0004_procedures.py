"""Procedures: their versions, places and announcements; document numbers that records name."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "procedures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.String(length=32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_checked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedures")),
        sa.UniqueConstraint("code", name=op.f("uq_procedures_code")),
    )
    op.create_index(op.f("ix_procedures_name_key"), "procedures", ["name_key"], unique=False)
    op.create_table(
        "procedure_versions",
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("words_added", sa.Integer(), nullable=False),
        sa.Column("words_removed", sa.Integer(), nullable=False),
        sa.Column("capture", ID, nullable=True),
        sa.ForeignKeyConstraint(["capture"], ["captures.id"], name=op.f("fk_procedure_versions_capture")),
        sa.ForeignKeyConstraint(["record"], ["procedures.id"], name=op.f("fk_procedure_versions_record")),
        sa.PrimaryKeyConstraint("record", "version", name=op.f("pk_procedure_versions")),
    )
    op.create_index(
        op.f("ix_procedure_versions_record_content_hash"), "procedure_versions", ["record", "content_hash"],
        unique=False,
    )  # fmt: skip
    op.create_table(
        "procedure_places",
        sa.Column("id", ID, nullable=False),
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("article", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_checked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["record"], ["procedures.id"], name=op.f("fk_procedure_places_record")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_places")),
        sa.UniqueConstraint("record", "source", "page", name=op.f("uq_procedure_places_record_source_page")),
    )
    op.create_index(op.f("ix_procedure_places_article"), "procedure_places", ["article"], unique=False)
    op.create_index(op.f("ix_procedure_places_source_page"), "procedure_places", ["source", "page"], unique=False)
    op.create_table(
        "procedure_announcements",
        sa.Column("id", ID, nullable=False),
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("decision", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("issued", sa.Date(), nullable=True),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("article", sa.String(length=32), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["record"], ["procedures.id"], name=op.f("fk_procedure_announcements_record")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procedure_announcements")),
        sa.UniqueConstraint(
            "record", "change", "source", "page",
            name=op.f("uq_procedure_announcements_record_change_source_page"),
        ),
    )  # fmt: skip
    op.create_index(
        op.f("ix_procedure_announcements_source_page"), "procedure_announcements", ["source", "page"],
        unique=False,
    )  # fmt: skip
    op.create_table(
        "document_numbers",
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("normal", sa.Text(), nullable=True),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("told", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("record", "position", name=op.f("pk_document_numbers")),
    )
    op.create_index(op.f("ix_document_numbers_normal"), "document_numbers", ["normal"], unique=False)
