"""The migrations of the control database, oldest first by name."""
