"""`python -m server.loadtest`: the command `telecontrole loadtest`, without the others."""

import argparse
import sys

from server import loadtest

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="telecontrole loadtest", description=loadtest.__doc__)
    loadtest.arguments(parser)
    sys.exit(loadtest.main(parser.parse_args()))
