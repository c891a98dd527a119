"""Other gateways whose clients we understand, one file each. A file is found by being here."""
