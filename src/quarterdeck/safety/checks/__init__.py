"""The checks that guardrails are made of, one kind a file. A file is found by being here."""
