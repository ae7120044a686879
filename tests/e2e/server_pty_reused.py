#!/usr/bin/python3
"""A published pseudo-terminal that has ended: its number is another program's soon, and is not opened again."""

import os

import harness
from harness import check, equal


def main():
    for options in ',hotplug', ',hold,hotplug', ',hold', '':
        by_number(options)
        by_a_link_that_is_stale(options)
    by_a_link_that_is_made_anew()


def reused(device):
    """The device ends; another program's pseudo-terminal, with the same number, once nobody has the old one."""
    path = device.path
    device.close()
    others = []

    def look():
        others.append(harness.Device())
        if others[-1].path == path:
            return True
        if len(others) > 64:  # somebody else may have had it for a moment
            for other in others:
                other.close()
            others.clear()
        return False
    harness.eventually(look, f'somebody is given {path} again', 30)
    return others[-1]


def stays_untouched(server, other, lost):
    for _ in range(2):
        server.says(lost)
        for say in (b'raw', harness.OFFERS):
            with harness.connect(server.port) as sock:
                sock.sendall(say)
                equal(other.quiet(0.7), b'', 'what another program got')
    check('open, ' not in server.log()[server.log().index(lost):], 'it is not opened')
    server.stop()


def by_number(options):
    device = harness.Device()
    server = harness.Com2net(device.path + options, '0')
    peer = harness.next_client(server.port)
    peer.send(b'to the first')
    equal(device.read(12), b'to the first', 'data of the client')
    other = reused(device)
    server.says('the device has gone')
    peer.close()
    stays_untouched(server, other, 'the device has gone')
    other.close()


def by_a_link_that_is_stale(options):
    device = harness.Device()
    link = harness.temp('stale' + options.replace(',', '-'))
    os.symlink(device.path, link)
    server = harness.Com2net(link + options, '0')
    if 'hold' not in options:  # nobody has opened it so far
        other = reused(device)
        stays_untouched(server, other, 'listening')
    else:
        other = reused(device)
        stays_untouched(server, other, 'the device has gone')
    other.close()


def by_a_link_that_is_made_anew():
    device = harness.Device()
    link = harness.temp('anew')
    os.symlink(device.path, link)
    server = harness.Com2net(link + ',hotplug', '0')
    peer = harness.next_client(server.port)
    other = reused(device)
    server.says('the device has gone')
    os.unlink(link)
    os.symlink(other.path, link)
    peer.send(b'again')
    equal(other.read(5), b'again', 'data of the client, at what the link says now')


harness.run(main)
