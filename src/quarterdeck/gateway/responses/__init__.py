"""OpenAI's Responses API towards clients: read, answered, kept, for every model there is."""
