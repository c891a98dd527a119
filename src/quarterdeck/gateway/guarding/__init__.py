"""Guardrails at the door: what is asked is looked at before it goes on, and what is answered before it goes out."""
