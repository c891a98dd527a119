"""The first tables: access, gateway, prompts, retrieval, orchestration.

Written out, not taken from `storage.tables`: what a migration did must never change, and the tables will.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the full-text index beside `chunks`."""
    op.create_table(
        "projects",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("secret_sha256", sa.String, nullable=False, unique=True),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("expires_at", sa.String),
        sa.Column("last_used_at", sa.String),
        sa.Column("revoked_at", sa.String),
    )
    op.create_index("ix_api_keys_project_id", "api_keys", ["project_id"])
    op.create_table(
        "admin_credentials",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("changed_at", sa.String, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String, primary_key=True),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("expires_at", sa.String, nullable=False),
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("base_url", sa.String),
        sa.Column("sealed_api_key", sa.LargeBinary),
        sa.Column("key_hint", sa.String),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name", "version"),
    )
    op.create_table(
        "knowledge_bases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("knowledge_id", sa.String, sa.ForeignKey("knowledge_bases.id"), nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("recipe", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("chunk_count", sa.Integer, nullable=False),
        sa.Column("ingested_at", sa.String, nullable=False),
        sa.UniqueConstraint("knowledge_id", "path", "sha256", "recipe"),
    )
    op.create_table(
        "staged_files",
        sa.Column("knowledge_id", sa.String, sa.ForeignKey("knowledge_bases.id"), primary_key=True),
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("document_id", sa.String, sa.ForeignKey("documents.id")),
        sa.Column("refusal", sa.Text),
        sa.Column("staged_at", sa.String, nullable=False),
    )
    op.create_table(
        "chunks",
        sa.Column("rowid_", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("document_id", sa.String, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("heading_path", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("words", sa.Integer, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("line_start", sa.Integer, nullable=False),
        sa.Column("line_end", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer),
    )
    op.create_index("ix_chunks_document_id", "chunks", ["document_id"])
    op.create_index("ix_chunks_text_sha256", "chunks", ["text_sha256"])
    op.create_table(
        "index_versions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("knowledge_id", sa.String, sa.ForeignKey("knowledge_bases.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("embedder", sa.String, nullable=False),
        sa.Column("document_count", sa.Integer, nullable=False),
        sa.Column("chunk_count", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("knowledge_id", "version"),
    )
    op.create_table(
        "index_members",
        sa.Column("index_id", sa.String, sa.ForeignKey("index_versions.id"), primary_key=True),
        sa.Column("document_id", sa.String, sa.ForeignKey("documents.id"), primary_key=True),
    )
    op.create_index("index_members_by_document", "index_members", ["document_id"])
    op.create_table(
        "embeddings",
        sa.Column("rowid_", sa.Integer, primary_key=True),
        sa.Column("embedder", sa.String, nullable=False),
        sa.Column("text_sha256", sa.String, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("embedder", "text_sha256"),
    )
    op.create_table(
        "apps",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("project_id", sa.String, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("app_id", sa.String, sa.ForeignKey("apps.id"), primary_key=True),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("members", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("app_id", sa.String, sa.ForeignKey("apps.id"), nullable=False),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("release_id", sa.String, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("started_at", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_deployments_app_id", "deployments", ["app_id"])
    op.execute(
        "CREATE VIRTUAL TABLE chunks_fts USING fts5(heading, text, content='',"
        " tokenize='porter unicode61 remove_diacritics 2')"
    )
    op.execute("CREATE VIRTUAL TABLE chunks_terms USING fts5vocab('chunks_fts', 'instance')")


def downgrade() -> None:
    """Drop them all, whoever refers to another first."""
    for table in (
        "chunks_terms",
        "chunks_fts",
        "deployments",
        "releases",
        "apps",
        "embeddings",
        "index_members",
        "index_versions",
        "chunks",
        "staged_files",
        "documents",
        "knowledge_bases",
        "prompt_versions",
        "providers",
        "sessions",
        "admin_credentials",
        "api_keys",
        "projects",
    ):
        op.drop_table(table)
