"""The only SQL of retrieval, a subject a file."""
