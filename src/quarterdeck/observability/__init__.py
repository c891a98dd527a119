"""What happened: spans from anywhere, kept, found and summed up."""
