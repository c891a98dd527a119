"""What a configuration file declares: read strictly, compared with what is live, applied as a whole, written out again."""
