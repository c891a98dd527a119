"""From documents to passages: read, chunk, embed, index, search."""
