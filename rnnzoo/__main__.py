"""`python -m rnnzoo` is the `rnnzoo` command."""

from rnnzoo.cli import main

main()
