"""What libraries that read the environment themselves must find there, so that nothing leaves the house unasked."""

from __future__ import annotations

import os


def keep_litellm_at_home() -> None:
    """LiteLLM fetches a price list from the network when it is imported, unless it is told to use the one it brings."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
