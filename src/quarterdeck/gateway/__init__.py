"""The data plane: any client, any model, with tokens and cost on every call."""
