#!/usr/bin/python3
"""--log-file takes what standard error would get, with the date, behind what is there; one that cannot
be written ends com2net."""

import harness
from harness import check, equal


def main():
    path = harness.temp('log')
    with open(path, 'w') as log:
        log.write('before\n')
    server = harness.Program([harness.under_test('com2net', 'server'), '--log-file', path, 'loop:',
                              '0'])

    def lines():
        with open(path) as log:
            return log.read().splitlines()
    harness.eventually(lambda: len(lines()) > 1, 'a line is there')
    equal(lines()[0], 'before', 'what was there')
    check(harness.re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} com2net: loop: listening on ',
                           lines()[1]), lines()[1])
    equal(server.stop(), 0, 'status')
    equal(server.log(), '', 'standard error')

    said = harness.fails([server.argv[0], '--log-file', harness.temp('no/log'), 'loop:', '0'])
    check('cannot write the log' in said and 'No such file' in said, said)


harness.run(main)
