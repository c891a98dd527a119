"""Who may do what: projects, keys, passwords, sessions, scopes."""
