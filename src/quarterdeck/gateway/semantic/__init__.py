"""The semantic cache: a question that means the same gets the same answer, under a promise that is measured and kept."""
