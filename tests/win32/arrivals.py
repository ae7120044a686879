#!/usr/bin/python3
"""News of COM ports that come are heard where Windows has them; where it has none, that is known."""

import os

import harness
import wine
from harness import check


def main():
    exe = os.environ['HEAR_ARRIVALS_EXE']
    status, said = wine.run(exe, native='cfgmgr32')
    check(status == 0, said)
    status, said = wine.run(exe, 'none')
    check(status == 0, said)


harness.run(main)
