"""Where counters are kept: in this process, in one next door, or in Redis."""
