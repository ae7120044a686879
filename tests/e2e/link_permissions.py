#!/usr/bin/python3
"""Owner, group and permissions of a link's port are as its options say; a user that does not exist is an
error which names him."""

import os
import stat

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    where = f'127.0.0.1:{server.port}'
    client = harness.Net2pty(harness.temp('tty1') + ',mode=604', where)
    equal(stat.S_IMODE(os.stat(client.link).st_mode), 0o604, 'permissions')
    net2pty = harness.under_test('net2pty', 'client')
    said = harness.fails([net2pty, harness.temp('tty3') + ',owner=nobodyofthisname', where])
    check('nobodyofthisname' in said, f'the user is named: {said}')
    said = harness.fails([net2pty, harness.temp('tty3') + ',mode=999', where])
    check('octal' in said, f'what a mode is is said: {said}')

    harness.need_machine('other_users')
    client = harness.Net2pty(harness.temp('tty2') + ',owner=65534,group=20,mode=660', where)
    found = os.stat(client.link)
    equal((found.st_uid, found.st_gid), (65534, 20), 'owner and group')
    equal(os.lstat(client.link).st_uid, 65534, 'owner of the link itself')


harness.run(main)
