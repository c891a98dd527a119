"""The servers that speak OpenAI's dialect and that everybody calls: their names, variables, addresses and manners.

A row is all that it takes to add one. `settings.PROVIDER_VARIABLES` names the variables, too: a test compares both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from quarterdeck.gateway.manners import OLD_LIMIT, PLAIN, Manners
from quarterdeck.gateway.provider import Account

_PLACEHOLDER = re.compile(r"\{([A-Z0-9_]+)\}")


@dataclass(frozen=True)
class WellKnown:
    """One of them."""

    name: str
    title: str
    key: str
    """The variable with its credential."""
    base_url: str
    """Where it is; `{VARIABLE}` stands for what only its user knows."""
    manners: Manners
    example: str
    runs_here: bool = False
    """Whether it is a server of one's own, which may need no key and sends no bills."""

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables that say something of it."""
        return (*_PLACEHOLDER.findall(self.base_url), self.key)

    def account(self, variables: Mapping[str, str]) -> Account | None:
        """Access to it, when the environment has all that it takes."""
        places = _PLACEHOLDER.findall(self.base_url)
        wanted = places if self.runs_here else [*places, self.key]
        if any(name not in variables for name in wanted):
            return None
        return Account(
            name=self.name,
            kind="openai-compatible",
            base_url=self._address(variables),
            api_key=variables.get(self.key),
            origin=f"env:{wanted[0] if self.runs_here else self.key}",
        )

    def _address(self, variables: Mapping[str, str]) -> str:
        said = {name: variables[name].rstrip("/") for name in _PLACEHOLDER.findall(self.base_url)}
        whole = _PLACEHOLDER.sub(lambda found: said[found[1]], self.base_url)
        rest = _PLACEHOLDER.sub("", self.base_url)
        # Whoever wrote the whole address into the variable meant no other.
        if self.base_url.startswith("{") and rest and next(iter(said.values())).endswith(rest):
            whole = next(iter(said.values()))
        return whole if "://" in whole else f"https://{whole}"


def _m(reasoning: str = "-", *, old_limit: bool = True, **more: object) -> Manners:
    renames = OLD_LIMIT if old_limit else ()
    return Manners(renames=renames, reasoning=reasoning, **more)  # type: ignore[arg-type]  # literals of the table


WELL_KNOWN: tuple[WellKnown, ...] = (
    WellKnown("groq", "Groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1",
              _m("reasoning", old_limit=False), "groq/llama-3.3-70b-versatile"),
    WellKnown("deepseek", "DeepSeek", "DEEPSEEK_API_KEY", "https://api.deepseek.com/v1",
              _m("reasoning_content", wants_thoughts=True), "deepseek/deepseek-chat"),
    WellKnown("together", "Together AI", "TOGETHER_API_KEY", "https://api.together.xyz/v1",
              _m("reasoning", rerank="jina", completes=True), "together/openai/gpt-oss-20b"),
    WellKnown("fireworks", "Fireworks AI", "FIREWORKS_API_KEY", "https://api.fireworks.ai/inference/v1",
              _m("reasoning_content", rerank="jina", completes=True), "fireworks/accounts/fireworks/models/gpt-oss-20b"),
    WellKnown("openrouter", "OpenRouter", "OPENROUTER_API_KEY", "https://openrouter.ai/api/v1",
              _m("reasoning", old_limit=False, completes=True), "openrouter/openai/gpt-4o-mini"),
    WellKnown("xai", "xAI", "XAI_API_KEY", "https://api.x.ai/v1",
              _m("reasoning_content", old_limit=False), "xai/grok-4"),
    WellKnown("perplexity", "Perplexity", "PERPLEXITY_API_KEY", "https://api.perplexity.ai",
              _m("text", drops=("stream_options",)), "perplexity/sonar"),
    WellKnown("cerebras", "Cerebras", "CEREBRAS_API_KEY", "https://api.cerebras.ai/v1",
              _m("reasoning", old_limit=False), "cerebras/gpt-oss-120b"),
    WellKnown("sambanova", "SambaNova", "SAMBANOVA_API_KEY", "https://api.sambanova.ai/v1",
              _m("text"), "sambanova/Meta-Llama-3.3-70B-Instruct"),
    WellKnown("nvidia", "NVIDIA NIM", "NVIDIA_API_KEY", "https://integrate.api.nvidia.com/v1",
              _m("reasoning_content"), "nvidia/meta/llama-3.3-70b-instruct"),
    WellKnown("nebius", "Nebius", "NEBIUS_API_KEY", "https://api.tokenfactory.nebius.com/v1",
              _m("reasoning_content", completes=True), "nebius/meta-llama/Llama-3.3-70B-Instruct"),
    WellKnown("deepinfra", "DeepInfra", "DEEPINFRA_API_KEY", "https://api.deepinfra.com/v1/openai",
              _m("reasoning_content", completes=True), "deepinfra/meta-llama/Llama-3.3-70B-Instruct"),
    WellKnown("hyperbolic", "Hyperbolic", "HYPERBOLIC_API_KEY", "https://api.hyperbolic.xyz/v1",
              _m("text", completes=True), "hyperbolic/Qwen/Qwen2.5-72B-Instruct"),
    WellKnown("novita", "Novita AI", "NOVITA_API_KEY", "https://api.novita.ai/openai/v1",
              _m("reasoning_content", completes=True), "novita/deepseek/deepseek-v3.1"),
    WellKnown("moonshot", "Moonshot AI", "MOONSHOT_API_KEY", "https://api.moonshot.ai/v1",
              _m("reasoning_content", wants_thoughts=True), "moonshot/kimi-k2-0905-preview"),
    WellKnown("zai", "Z.ai", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4",
              _m("reasoning_content", wants_thoughts=True), "zai/glm-4.6"),
    WellKnown("dashscope", "Alibaba DashScope (Qwen)", "DASHSCOPE_API_KEY",
              "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
              _m("reasoning_content"), "dashscope/qwen-plus"),
    WellKnown("siliconflow", "SiliconFlow", "SILICONFLOW_API_KEY", "https://api.siliconflow.com/v1",
              _m("reasoning_content", rerank="jina"), "siliconflow/Qwen/Qwen3-32B"),
    WellKnown("minimax", "MiniMax", "MINIMAX_API_KEY", "https://api.minimax.io/v1",
              _m("text"), "minimax/MiniMax-M2"),
    WellKnown("meta", "Meta Llama API", "LLAMA_API_KEY", "https://api.llama.com/compat/v1",
              _m(old_limit=False), "meta/Llama-3.3-70B-Instruct"),
    WellKnown("github", "GitHub Models", "GITHUB_MODELS_TOKEN", "https://models.github.ai/inference",
              _m(old_limit=False), "github/openai/gpt-4o-mini"),
    WellKnown("huggingface", "Hugging Face router", "HF_TOKEN", "https://router.huggingface.co/v1",
              _m("reasoning_content"), "huggingface/openai/gpt-oss-20b"),
    WellKnown("cloudflare", "Cloudflare Workers AI", "CLOUDFLARE_API_TOKEN",
              "https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1",
              _m("reasoning_content"), "cloudflare/@cf/meta/llama-3.1-8b-instruct"),
    WellKnown("databricks", "Databricks", "DATABRICKS_TOKEN", "{DATABRICKS_HOST}/serving-endpoints",
              _m("reasoning_content", drops=("user", "store")), "databricks/databricks-gpt-oss-20b"),
    WellKnown("anyscale", "Anyscale services", "ANYSCALE_API_KEY", "{ANYSCALE_BASE_URL}/v1",
              _m("reasoning_content"), "anyscale/my-model"),
    WellKnown("baseten", "Baseten", "BASETEN_API_KEY", "https://inference.baseten.co/v1",
              _m("reasoning_content"), "baseten/openai/gpt-oss-120b"),
    WellKnown("nscale", "Nscale", "NSCALE_API_KEY", "https://inference.api.nscale.com/v1",
              _m("reasoning_content"), "nscale/meta-llama/Llama-3.3-70B-Instruct"),
    WellKnown("ovhcloud", "OVHcloud AI Endpoints", "OVH_AI_ENDPOINTS_ACCESS_TOKEN",
              "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
              _m("reasoning_content"), "ovhcloud/gpt-oss-20b"),
    WellKnown("scaleway", "Scaleway", "SCW_SECRET_KEY", "https://api.scaleway.ai/v1",
              _m("reasoning_content"), "scaleway/llama-3.3-70b-instruct"),
    WellKnown("featherless", "Featherless", "FEATHERLESS_API_KEY", "https://api.featherless.ai/v1",
              _m("text", completes=True), "featherless/Qwen/Qwen3-32B"),
    WellKnown("friendli", "Friendli", "FRIENDLI_TOKEN", "https://api.friendli.ai/serverless/v1",
              _m("reasoning_content", completes=True), "friendli/meta-llama-3.3-70b-instruct"),
    WellKnown("upstage", "Upstage", "UPSTAGE_API_KEY", "https://api.upstage.ai/v1",
              _m("reasoning"), "upstage/solar-pro2"),
    WellKnown("ai21", "AI21", "AI21_API_KEY", "https://api.ai21.com/studio/v1",
              _m(drops=("stream_options", "user", "store")), "ai21/jamba-large"),
    WellKnown("vercel", "Vercel AI Gateway", "AI_GATEWAY_API_KEY", "https://ai-gateway.vercel.sh/v1",
              _m("reasoning", old_limit=False), "vercel/openai/gpt-4o-mini"),
    WellKnown("jina", "Jina AI (embeddings, reranking)", "JINA_API_KEY", "https://api.jina.ai/v1",
              _m(rerank="jina"), "jina/jina-reranker-v2-base-multilingual"),
    WellKnown("voyage", "Voyage AI (embeddings, reranking)", "VOYAGE_API_KEY", "https://api.voyageai.com/v1",
              _m(rerank="voyage"), "voyage/rerank-2.5"),
    WellKnown("vllm", "vLLM", "VLLM_API_KEY", "{VLLM_BASE_URL}/v1",
              _m("reasoning_content", old_limit=False, rerank="jina", completes=True), "vllm/my-model", runs_here=True),
    WellKnown("sglang", "SGLang", "SGLANG_API_KEY", "{SGLANG_BASE_URL}/v1",
              _m("reasoning_content", rerank="jina", completes=True), "sglang/my-model", runs_here=True),
    WellKnown("llamacpp", "llama.cpp server", "LLAMACPP_API_KEY", "{LLAMACPP_BASE_URL}/v1",
              _m("reasoning_content", rerank="jina", completes=True), "llamacpp/my-model", runs_here=True),
    WellKnown("lmstudio", "LM Studio", "LMSTUDIO_API_KEY", "{LMSTUDIO_BASE_URL}/v1",
              _m("reasoning", completes=True), "lmstudio/my-model", runs_here=True),
    WellKnown("tgi", "Text Generation Inference", "TGI_API_KEY", "{TGI_BASE_URL}/v1",
              _m("text"), "tgi/tgi", runs_here=True),
    WellKnown("tei", "Text Embeddings Inference", "TEI_API_KEY", "{TEI_BASE_URL}/v1",
              _m(rerank="tei"), "tei/my-reranker", runs_here=True),
    WellKnown("localai", "LocalAI", "LOCALAI_API_KEY", "{LOCALAI_BASE_URL}/v1",
              _m("text", rerank="jina", completes=True), "localai/my-model", runs_here=True),
    WellKnown("jan", "Jan", "JAN_API_KEY", "{JAN_BASE_URL}/v1",
              _m("reasoning_content"), "jan/my-model", runs_here=True),
    WellKnown("xinference", "Xinference", "XINFERENCE_API_KEY", "{XINFERENCE_BASE_URL}/v1",
              _m("reasoning_content", rerank="jina", completes=True), "xinference/my-model", runs_here=True),
    WellKnown("ollama", "Ollama", "OLLAMA_API_KEY", "{OLLAMA_BASE_URL}/v1",
              _m("reasoning", completes=True), "ollama/llama3.2", runs_here=True),
)  # fmt: skip
RUN_HERE = frozenset(known.name for known in WELL_KNOWN if known.runs_here)
_BY_NAME = {known.name: known for known in WELL_KNOWN}
_BY_HOST = {urlsplit(known.base_url).hostname: known for known in WELL_KNOWN if "{" not in known.base_url}


def well_known(name: str) -> WellKnown | None:
    """The row of this name."""
    return _BY_NAME.get(name)


def standard_url(name: str) -> str | None:
    """Where a server of this name is, when that is the same for everybody."""
    known = _BY_NAME.get(name)
    return known.base_url if known is not None and "{" not in known.base_url else None


def manners_of(account: Account) -> Manners:
    """The manners of the server behind an account: by its address, else by its name where one's own server has it."""
    known = _BY_HOST.get(urlsplit(account.base_url).hostname)
    if known is None and (account.name in RUN_HERE or account.origin != "stored"):
        known = _BY_NAME.get(account.name)
    return PLAIN if known is None else known.manners
