"""The gateway beside other gateways: one fake provider, one core for each gateway, all measured in one run."""
