"""Durable work that outlives a crash: jobs, queues and schedules."""
