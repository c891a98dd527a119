"""Many calls at once, in their own time: files of requests in, durable jobs, files of answers out, as OpenAI's batch API."""
