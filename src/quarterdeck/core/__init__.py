"""The vocabulary every room shares: ids, clock, money, errors, events, paging. No input or output."""
