"""OpenAI's old Completions towards clients: read, written and overheard."""
