#!/usr/bin/python3
"""net2pty puts its link neither over a file nor over a link that leads somewhere else."""

import os

import harness
from harness import check, equal, fails


def main():
    server = harness.Com2net('loop:', '0')
    where = f'127.0.0.1:{server.port}'
    client = harness.under_test('net2pty', 'client')

    path = harness.temp('file')
    with open(path, 'w') as f:
        f.write('mine')
    check(path in fails([client, path, where]), 'the error names the file')
    with open(path) as f:
        equal(f.read(), 'mine', 'the file')

    path = harness.temp('link')
    os.symlink('/dev/null', path)
    check(path in fails([client, path, where]), 'the error names the link')
    equal(os.readlink(path), '/dev/null', 'the link')

    path = harness.temp('directory')
    os.mkdir(path)
    check(path in fails([client, path, where]), 'the error names the directory')
    check(os.path.isdir(path), 'the directory stays')


harness.run(main)
