"""`python -m quarterdeck`: the command line, without its script."""

from quarterdeck.cli.main import main

main()
