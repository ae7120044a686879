#!/usr/bin/python3
"""net2usb list: devices with their names, who has them and what to type, of com2net and of a foreign
server."""

import shlex

import harness
import net2usb
import usbip
from harness import check, equal


def main():
    server = harness.Com2net('usb:demo-loop,name=loop', 'usb:demo-icestick', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    holder = usbip.Client(server.port)
    holder.import_device('250-2')
    user = '127.0.0.1:%d' % holder.socket.getsockname()[1]
    status, out, err = net2usb.net2usb('list', host)
    equal((status, err), (0, ''), 'the list')
    lines = out.splitlines()
    equal(lines[0], '250-1      1209:0001  com2net USB loopback, serial demo, named loop, high speed',
          'a device')
    equal(lines[1].strip(), f'net2usb run {host} 250-1 -- COMMAND', 'what to type')
    check('0403:6010  Lattice' in lines[2] and lines[2].endswith(f'high speed, in use by {user}'),
          f'one that somebody has: {lines[2]}')
    equal(net2usb.net2usb('list', '-r', host)[1], out, 'as usbip has it')
    also = usbip.Client(server.port)
    also.import_device('250-1')
    status, out, err = net2usb.net2usb('list', host)
    equal((status, out.count('in use by')), (0, 2), 'when all are in use')

    # a server without extensions, of whom somebody forges names
    foreign = net2usb.Server(lambda c: c.sendall(net2usb.listing('1-1\x1b[2J', '1-2')))
    status, out, err = net2usb.net2usb('list', foreign.host)
    equal((status, err), (0, ''), 'a foreign list')
    check(out.startswith('1-1?[2J '), f'what it sends does not reach the terminal: {out!r}')
    check('1-2        0403:6001, high speed\n' in out, f'without names: {out}')
    lure = net2usb.Server(lambda c: c.sendall(net2usb.listing("1-1;'$(date)'")))
    status, out, err = net2usb.net2usb('list', lure.host)
    line = next(l for l in out.splitlines() if 'COMMAND' in l)
    equal(shlex.split(line)[3], "1-1;'$(date)'", f'one word for a shell, of {line}')
    empty = net2usb.Server(lambda c: c.sendall(net2usb.listing()))
    equal(net2usb.net2usb('list', empty.host)[:2],
          (0, f'{empty.host} has no device that is free\n'), 'an empty list')


harness.run(main)
