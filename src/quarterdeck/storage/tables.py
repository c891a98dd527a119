"""The control database on one page: every table, what a row of it is, and what makes it unique.

Moments are ISO 8601 texts in UTC (they sort), JSON is text, content addresses are SHA-256 in hexadecimal.
Stores query these tables; migrations create them; nobody else names them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

metadata = MetaData()

# --- access ---------------------------------------------------------------------------------------------------

projects = Table(
    "projects",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("created_at", String, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("prefix", String, nullable=False),
    Column("secret_sha256", String, nullable=False, unique=True),
    Column("scopes", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("expires_at", String),
    Column("last_used_at", String),
    Column("revoked_at", String),
    Column("team_id", String),
    Column("terms", Text, nullable=False, server_default="{}"),  # what it may do beyond its scopes, as JSON
    Column("owner", String, nullable=False, server_default="ui"),
    Column("rotated_at", String),
    Column("previous_sha256", String),  # the secret before the last rotation, which works until `previous_until`
    Column("previous_until", String),
)

admin_credentials = Table(
    "admin_credentials",
    metadata,
    Column("kind", String, primary_key=True),  # `key_sha256` or `password_argon2`
    Column("value", String, nullable=False),
    Column("changed_at", String, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("created_at", String, nullable=False),
    Column("expires_at", String, nullable=False),
)

# --- teams and limits -----------------------------------------------------------------------------------------

teams = Table(
    "teams",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", String, nullable=False, server_default="ui"),
    Column("created_at", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

limits = Table(
    "limits",
    metadata,
    Column(
        "id", String, primary_key=True
    ),  # its counters are named by it: another subject, metric or window is another id
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("each", Boolean, nullable=False),
    Column("metric", String, nullable=False),
    Column("amount", BigInteger, nullable=False),  # budgets in pico-dollars
    Column("window", String, nullable=False),
    Column("hard", Boolean, nullable=False),
    Column("alert_at", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("owner", String, nullable=False, server_default="ui"),
    Column("created_at", String, nullable=False),
    Column("changed_at", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# What was used, as of a place in the journal: what comes after it there is still to be added.
limit_counters = Table(
    "limit_counters",
    metadata,
    Column("key", String, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("ends_at_s", BigInteger, nullable=False),
)

limit_leases = Table(
    "limit_leases",
    metadata,
    Column("id", String, primary_key=True),
    Column("claims", LargeBinary, nullable=False),
)

limit_journal = Table(
    "limit_journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("segment", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
)

limit_alerts = Table(
    "limit_alerts",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("limit_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("value", String, nullable=False),
    Column("share", Float, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("metric", String, nullable=False),
    Column("window_start", String, nullable=False),
    Column("raised_at", String, nullable=False),
    UniqueConstraint("limit_id", "value", "window_start", "share"),
    Index("limit_alerts_by_project", "project_id", "id"),
)

# --- gateway --------------------------------------------------------------------------------------------------

providers = Table(
    "providers",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("base_url", String),
    Column("sealed_api_key", LargeBinary),
    Column("key_hint", String),
    Column("models", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("owner", String, nullable=False, server_default="ui"),
    UniqueConstraint("project_id", "name"),
)

aliases = Table(
    "aliases",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("plan", Text, nullable=False),
    Column("owner", String, nullable=False),  # `ui`, or `file` when a configuration file declares it
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# --- gateway: semantic caches, learned routers, input budgets ---------------------------------------------------

semantic_caches = Table(
    "semantic_caches",
    metadata,
    Column("project_id", String, ForeignKey("projects.id"), primary_key=True),
    Column("target", String, primary_key=True),  # an app, or a model by its full name
    Column("mode", String, nullable=False),
    Column("most_wrong", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("check_share", Float, nullable=False),
    Column("ttl_s", Integer, nullable=False),
    Column("personal_data", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("since", String, nullable=False),  # checks from before do not count
    Column("broken", Text),
    Column("served", Integer, nullable=False),
    Column("saved_pico", BigInteger, nullable=False),
    Column("owner", String, nullable=False, server_default="ui"),
)

# Would-be hits that were compared with the right answer. No text: traces have that, under their own retention.
semantic_checks = Table(
    "semantic_checks",
    metadata,
    Column("rowid_", Integer, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("target", String, nullable=False),
    Column("at", String, nullable=False),
    Column("likeness", String, nullable=False),  # the model that gave the score
    Column("score", Float, nullable=False),
    Column("similarity", Float, nullable=False),
    Column("wrong", Boolean, nullable=False),
    Column("source", String, nullable=False),
    Column("trace_id", String),
    Column("neighbour_trace_id", String),
    Index("semantic_checks_by_target", "project_id", "target"),
)

routers = Table(
    "routers",
    metadata,
    Column("project_id", String, ForeignKey("projects.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("weak", String, nullable=False),
    Column("strong", String, nullable=False),
    Column("keep", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("model", LargeBinary),  # an npz of plain arrays, with its card
    Column("report", Text),
    Column("trained_at", String),
    Column("created_at", String, nullable=False),
)

# What each target made of a request: one row for each, the newest counts.
router_outcomes = Table(
    "router_outcomes",
    metadata,
    Column("rowid_", Integer, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("router", String, nullable=False),
    Column("text_sha256", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("target", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("cost_usd", Float),
    Column("topic", String),
    Column("at", String, nullable=False),
    UniqueConstraint("project_id", "router", "text_sha256", "target"),
)

input_budgets = Table(
    "input_budgets",
    metadata,
    Column("project_id", String, ForeignKey("projects.id"), primary_key=True),
    Column("target", String, primary_key=True),
    Column("most_tokens", Integer),
    Column("when_over", String, nullable=False),
    Column("keep_share", Float),
    Column("changed_at", String, nullable=False),
)

# --- gateway: money -------------------------------------------------------------------------------------------

# Append-only: a price is withdrawn by a later row, and each row's seal covers the row before it.
set_prices = Table(
    "set_prices",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("project_id", String, ForeignKey("projects.id")),  # none: for all projects
    Column("provider", String, nullable=False),
    Column("model", String, nullable=False),
    Column("row", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("withdraws", String),
    Column("owner", String, nullable=False, server_default="ui"),
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("seal", String, nullable=False),
)

repricings = Table(
    "repricings",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("looked_at", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("difference_pico", BigInteger, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("error", Text),
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("finished_at", String),
)

# --- gateway: MCP ---------------------------------------------------------------------------------------------

mcp_servers = Table(
    "mcp_servers",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("url", String, nullable=False),
    Column("transport", String, nullable=False),
    Column("sealed_headers", LargeBinary),
    Column("allowed_tools", Text, nullable=False),
    Column("timeout_s", Float, nullable=False),
    Column("on_change", String, nullable=False),
    Column("price_pico_per_call", BigInteger),
    Column("created_at", String, nullable=False),
    Column("owner", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# A tool as it was approved, and what it has become since, when a server has changed it.
mcp_tools = Table(
    "mcp_tools",
    metadata,
    Column("server_id", String, ForeignKey("mcp_servers.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("definition", Text, nullable=False),
    Column("approved_at", String, nullable=False),
    Column("approved_by", String, nullable=False),
    Column("changed_sha256", String),
    Column("changed_definition", Text),
    Column("changed_at", String),
)

# --- gateway: batches -----------------------------------------------------------------------------------------

gateway_files = Table(
    "gateway_files",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),  # seconds since 1970, as OpenAI's API has it
)

batches = Table(
    "batches",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False, index=True),
    Column("actor_id", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("input_file_id", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("errors", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("output_file_id", String),
    Column("error_file_id", String),
    Column("moments", Text, nullable=False),
)

# What became of each line, until the batch has ended and its output is a file.
batch_results = Table(
    "batch_results",
    metadata,
    Column("batch_id", String, ForeignKey("batches.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("content", Text, nullable=False),
)

# --- prompts --------------------------------------------------------------------------------------------------

prompt_versions = Table(
    "prompt_versions",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("template", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("model", String),  # what the gateway calls with it, unless a request says otherwise
    Column("parameters", Text, nullable=False, server_default="{}"),
    UniqueConstraint("project_id", "name", "version"),
)

# Which version a name such as `production` stands for, now.
prompt_labels = Table(
    "prompt_labels",
    metadata,
    Column("project_id", String, ForeignKey("projects.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("moved_at", String, nullable=False),
    Column("moved_by", String, nullable=False),
)

# --- safety ---------------------------------------------------------------------------------------------------

guardrails = Table(
    "guardrails",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("policy", Text, nullable=False),
    Column("sealed_secret", LargeBinary),
    Column("owner", String, nullable=False, server_default="ui"),
    Column("created_at", String, nullable=False),
    Column("changed_at", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# --- retrieval ------------------------------------------------------------------------------------------------

knowledge_bases = Table(
    "knowledge_bases",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# One row for each content a path has had: immutable, so that an old index version still finds its documents.
documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("knowledge_id", String, ForeignKey("knowledge_bases.id"), nullable=False),
    Column("path", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("recipe", String, nullable=False),  # how it was read and cut: reader and chunker, with their versions
    Column("title", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("ingested_at", String, nullable=False),
    UniqueConstraint("knowledge_id", "path", "sha256", "recipe"),
)

# The files an ingestion wants in the next index version: path -> document, or the reason it was refused.
staged_files = Table(
    "staged_files",
    metadata,
    Column("knowledge_id", String, ForeignKey("knowledge_bases.id"), primary_key=True),
    Column("path", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("document_id", String, ForeignKey("documents.id")),
    Column("refusal", Text),
    Column("staged_at", String, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("rowid_", Integer, primary_key=True),  # the integer key that the full-text index shares
    Column("id", String, nullable=False, unique=True),
    Column("document_id", String, ForeignKey("documents.id"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("heading_path", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("text_sha256", String, nullable=False, index=True),  # of title, heading path and text: what is embedded
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("line_start", Integer, nullable=False),
    Column("line_end", Integer, nullable=False),
    Column("page", Integer),
)

index_versions = Table(
    "index_versions",
    metadata,
    Column("id", String, primary_key=True),
    Column("knowledge_id", String, ForeignKey("knowledge_bases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("embedder", String, nullable=False),
    Column("document_count", Integer, nullable=False),
    Column("chunk_count", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("knowledge_id", "version"),
)

index_members = Table(
    "index_members",
    metadata,
    Column("index_id", String, ForeignKey("index_versions.id"), primary_key=True),
    Column("document_id", String, ForeignKey("documents.id"), primary_key=True),
    Index("index_members_by_document", "document_id"),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("rowid_", Integer, primary_key=True),  # grows, so that a reader can ask for what is new
    Column("embedder", String, nullable=False),
    Column("text_sha256", String, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # little-endian float16, unit length
    UniqueConstraint("embedder", "text_sha256"),
)

# The full-text index of `chunks`, by their `rowid_`. It keeps no text of its own; `chunks_terms` lists its entries.
FULL_TEXT_TOKENIZER = "porter unicode61 remove_diacritics 2"
FULL_TEXT_INDEX = (
    f"CREATE VIRTUAL TABLE chunks_fts USING fts5(heading, text, content='', tokenize='{FULL_TEXT_TOKENIZER}')",
    "CREATE VIRTUAL TABLE chunks_terms USING fts5vocab('chunks_fts', 'instance')",
)

# --- orchestration --------------------------------------------------------------------------------------------

apps = Table(
    "apps",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("suggested_questions", Text, nullable=False, server_default="[]"),
    UniqueConstraint("project_id", "name"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", String, primary_key=True),  # `rel_` and the start of the content address
    Column("app_id", String, ForeignKey("apps.id"), primary_key=True),
    Column("sha256", String, nullable=False),
    Column("members", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
)

# Append-only: what is live is the newest row of an environment, and a rollback is a new row.
deployments = Table(
    "deployments",
    metadata,
    Column("id", String, primary_key=True),
    Column("app_id", String, ForeignKey("apps.id"), nullable=False, index=True),
    Column("environment", String, nullable=False),
    Column("release_id", String, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("started_at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", Text, nullable=False),
)

# --- declared -------------------------------------------------------------------------------------------------

# What a configuration file may name as `${secret:NAME}`.
named_secrets = Table(
    "named_secrets",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("hint", String, nullable=False),
    Column("changed_at", String, nullable=False),
    Column("changed_by", String, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# --- responses ------------------------------------------------------------------------------------------------

# The Responses API's answers that were made here; each goes on from the one before, so a conversation is kept once.
kept_responses = Table(
    "kept_responses",
    metadata,
    Column("id", String, primary_key=True),
    Column("project_id", String, ForeignKey("projects.id"), nullable=False),
    Column("previous_id", String),
    Column("input", LargeBinary, nullable=False),  # JSON: the items that were new
    Column("response", LargeBinary, nullable=False),  # JSON: as the client got it
    Column("size", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("used_at", String, nullable=False),  # of the newest answer that goes on from it
    Index("kept_responses_by_use", "project_id", "used_at"),
)
