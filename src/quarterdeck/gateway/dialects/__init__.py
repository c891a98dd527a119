"""The wire formats that clients speak, one file each. A file is found by being here."""
