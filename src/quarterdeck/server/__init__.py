"""The HTTP door: wiring, control API, data plane and UI in one process."""
