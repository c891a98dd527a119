"""Where answers are kept: one store a file."""
