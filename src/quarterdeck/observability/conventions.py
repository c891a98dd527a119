"""The words of each convention: which attribute says what, and what its values are called here."""

from __future__ import annotations

from quarterdeck.runtime.tracing import SpanKind

KINDS: tuple[tuple[str, dict[str, SpanKind]], ...] = (
    (
        "langfuse.observation.type",
        {
            "generation": "llm",
            "embedding": "embedding",
            "agent": "agent",
            "tool": "tool",
            "chain": "chain",
            "retriever": "retrieval",
            "guardrail": "guardrail",
        },
    ),
    (
        "mlflow.spanType",
        {
            "llm": "llm",
            "chat_model": "llm",
            "embedding": "embedding",
            "agent": "agent",
            "tool": "tool",
            "chain": "chain",
            "workflow": "chain",
            "retriever": "retrieval",
            "reranker": "retrieval",
            "guardrail": "guardrail",
        },
    ),
    (
        "gen_ai.operation.name",
        {
            "chat": "llm",
            "text_completion": "llm",
            "generate_content": "llm",
            "completion": "llm",
            "generate": "llm",
            "response": "llm",
            "embeddings": "embedding",
            "retrieval": "retrieval",
            "execute_tool": "tool",
            "create_agent": "agent",
            "invoke_agent": "agent",
            "invoke_workflow": "chain",
            "plan": "chain",
        },
    ),
    (
        "openinference.span.kind",
        {
            "llm": "llm",
            "embedding": "embedding",
            "chain": "chain",
            "agent": "agent",
            "tool": "tool",
            "retriever": "retrieval",
            "reranker": "retrieval",
            "guardrail": "guardrail",
            "prompt": "prompt",
        },
    ),
    ("traceloop.span.kind", {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}),
    ("llm.request.type", {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "retrieval"}),
)
MODEL_ASKED = (
    "langfuse.observation.model.name",
    "mlflow.llm.model",
    "gen_ai.request.model",
    "llm.request.model_name",
    "llm.model_name",
    "embedding.model_name",
    "ai.model.id",
)
MODEL_ANSWERED = ("gen_ai.response.model", "llm.response.model_name", "ai.response.model")
PROVIDER = (
    "mlflow.llm.provider",
    "gen_ai.provider.name",
    "llm.provider",
    "llm.system",
    "gen_ai.system",
    "ai.model.provider",
)
PROVIDER_NAMES = {
    "az.ai.openai": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference",
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "xai": "x_ai",
    "mistral_ai": "mistral",
    "bedrock": "aws.bedrock",
}
USER = ("langfuse.user.id", "mlflow.trace.user", "user.id", "enduser.id", "gen_ai.user", "llm.user")
SESSION = ("langfuse.session.id", "mlflow.trace.session", "gen_ai.conversation.id", "session.id")
