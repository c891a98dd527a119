"""Applications, their releases and deployments, and how a release answers."""
