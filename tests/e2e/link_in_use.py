#!/usr/bin/python3
"""The link of a net2pty that lives is not taken by a second one."""

import os

import harness
from harness import check, equal, fails


def main():
    server = harness.Com2net('loop:', '0', 'loop:', '0')
    first = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.ports[0]}')
    before = os.readlink(first.link)
    said = fails([harness.under_test('net2pty', 'client'), first.link, f'127.0.0.1:{server.ports[1]}'])
    check(first.link in said, 'the error names the link')
    equal(os.readlink(first.link), before, 'where the link leads')
    link = harness.open_link(first.link)
    os.write(link, b'alive')
    equal(harness.read_exactly(link, 5, 5, 'link'), b'alive', 'the first still works')


harness.run(main)
