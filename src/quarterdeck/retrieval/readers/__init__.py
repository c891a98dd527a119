"""Document readers, one file for each format."""
