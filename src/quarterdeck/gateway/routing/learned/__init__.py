"""The learned router: easy requests to the cheaper model, under a promise, and only when that beats looking at the length."""
