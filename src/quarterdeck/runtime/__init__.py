"""The live objects, built once, and the work that one request or one job does with them."""
