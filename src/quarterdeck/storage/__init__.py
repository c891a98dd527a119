"""Where things are kept: the control database, its tables and migrations, blobs, the spool, sealed secrets."""
