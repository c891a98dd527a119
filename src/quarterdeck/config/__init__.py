"""Settings: the only room that reads the environment, once, at the door."""
