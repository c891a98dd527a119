"""MCP servers of a project behind one authenticated endpoint, with tool allow-lists, pins, limits and traces."""
