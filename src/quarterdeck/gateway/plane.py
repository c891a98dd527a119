"""What answering a data-plane request may use: all of it in memory before the request comes."""

from __future__ import annotations

from quarterdeck.access.keyring import Keyring
from quarterdeck.gateway.admission import Admission
from quarterdeck.gateway.cache import ResponseCache
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.gateway.compression.budgets import InputBudgets
from quarterdeck.gateway.repeats import Repeats
from quarterdeck.gateway.semantic.cache import SemanticCache
from quarterdeck.gateway.traffic import Traffic
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.safety.live_guardrails import LiveGuardrails


class Plane:
    """The parts and limits of one data plane."""

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        self.runtime = runtime
        self.keyring = runtime.part(Keyring)
        self.recorder = runtime.part(Recorder)
        self.catalogue = runtime.part(Catalogue)
        self.cache = runtime.part(ResponseCache)
        self.semantic = runtime.part(SemanticCache)
        self.input_budgets = runtime.part(InputBudgets)
        self.guardrails = runtime.part(LiveGuardrails)
        self.admission = runtime.part(Admission)
        self.traffic = runtime.part(Traffic)
        self.repeats = Repeats()
        self.max_body_bytes = settings.max_body_mb << 20
        self.stall_limit_s = settings.upstream_idle_timeout_s
