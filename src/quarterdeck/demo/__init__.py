"""The handbook bot of a small company: documents, questions and a measured report."""
