#!/usr/bin/python3
"""A listener has its port alone: Windows would let another program have it at one of the addresses.
Linux below Wine refuses that anyway, so what is seen is the option that Windows needs."""

import re

import harness
import wine
from harness import check, equal


def main():
    environment = dict(wine.environment(), WINEDEBUG='+winsock')
    server = harness.Program(wine.command(wine.EXE, 'loop:', '127.0.0.1:0'), env=environment)
    server.says('listening on')
    log = server.log()
    option = re.search(r'setsockopt.*SO_EXCLUSIVEADDRUSE', log)
    check(option, 'SO_EXCLUSIVEADDRUSE is set')
    bound = [m.start() for m in re.finditer(r' bind\b| WS_bind|trace:winsock:bind', log)]
    check(bound and option.start() < bound[-1], 'before the bind of the listener')
    equal(len(re.findall('SO_REUSEADDR', log)), 0, 'times that SO_REUSEADDR is set')


harness.run(main)
