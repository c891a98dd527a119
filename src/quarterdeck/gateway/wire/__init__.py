"""HTTP/1.1 to providers, as little of it as a request needs: the hot path's own client."""
