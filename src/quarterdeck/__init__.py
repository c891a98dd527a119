"""Quarterdeck: discover, distill, deploy and deliver LLM applications, in one product."""

__version__ = "0.1.0"
