"""Documents: addresses, versions, contents, links."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "document_contents",
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("modified_at", MOMENT, nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("scan_owed", sa.Boolean(), nullable=False),
        sa.Column("capture", ID, nullable=True),
        sa.ForeignKeyConstraint(["capture"], ["captures.id"], name=op.f("fk_document_contents_capture")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_document_contents")),
    )
    op.create_index(op.f("ix_document_contents_due_at"), "document_contents", ["due_at"], unique=False)
    op.create_index(op.f("ix_document_contents_scan_owed"), "document_contents", ["scan_owed"], unique=False)
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("canonical_url", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=80), nullable=True),
        sa.Column("waiting", sa.String(length=80), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_checked", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("captured_at", MOMENT, nullable=True),
        sa.Column("digest", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["content"], ["document_contents.digest"], name=op.f("fk_documents_content")),
        sa.ForeignKeyConstraint(["waiting"], ["document_contents.digest"], name=op.f("fk_documents_waiting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("source", "canonical_url", name=op.f("uq_documents_source_canonical_url")),
    )
    op.create_index(op.f("ix_documents_source_due_at"), "documents", ["source", "due_at"], unique=False)
    op.create_index(op.f("ix_documents_content"), "documents", ["content"], unique=False)
    op.create_index(op.f("ix_documents_waiting"), "documents", ["waiting"], unique=False)
    op.create_table(
        "document_versions",
        sa.Column("document", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("content", sa.String(length=80), nullable=False),
        sa.Column("capture", ID, nullable=True),
        sa.ForeignKeyConstraint(["capture"], ["captures.id"], name=op.f("fk_document_versions_capture")),
        sa.ForeignKeyConstraint(["content"], ["document_contents.digest"], name=op.f("fk_document_versions_content")),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_document_versions_document")),
        sa.PrimaryKeyConstraint("document", "version", name=op.f("pk_document_versions")),
    )
    op.create_table(
        "document_links",
        sa.Column("record", sa.String(length=32), nullable=False),
        sa.Column("document", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.Column("dropped_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_document_links_document")),
        sa.ForeignKeyConstraint(["record"], ["articles.id"], name=op.f("fk_document_links_record")),
        sa.PrimaryKeyConstraint("record", "document", name=op.f("pk_document_links")),
    )
    op.create_index(op.f("ix_document_links_document"), "document_links", ["document"], unique=False)
    # Pages that attach something are asked for whole once more, so that what they attach is had.
    op.execute(
        "UPDATE pages SET etag = NULL, last_modified = NULL WHERE record IN (SELECT articles.id FROM articles "
        "JOIN article_versions ON article_versions.record = articles.id AND "
        "article_versions.version = articles.version WHERE CAST(article_versions.attachments AS TEXT) <> '[]')"
    )
