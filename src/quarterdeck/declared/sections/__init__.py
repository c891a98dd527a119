"""What can be declared: a kind of object a file, each over the verbs of its own room."""
