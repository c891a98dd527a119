"""Teams: who shares keys, limits and budgets within a project."""
