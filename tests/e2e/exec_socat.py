#!/usr/bin/python3
"""socat behind `--`, which sets termios by itself: format, and bulk data both ways."""

import os
import subprocess

import harness
import places
from harness import equal, eventually


def test(place):
    socat = harness.need('socat')
    device, link = harness.Device(), place.link()
    server = harness.Com2net('-v', device.path, place.listen)

    program = place.start([link, place.at(server.port), '--', socat, '-b', '1024',
                           f'FILE:{link},raw,echo=0,b57600,cs7,parenb=1,parodd=1,cstopb=1',
                           f'UNIX-LISTEN:{harness.temp("socat")},mode=666,unlink-early'])
    for command in 'BAUDRATE 57600', 'DATASIZE 7', 'PARITY odd', 'STOPSIZE 2':
        server.says(f'> SET-{command}$')
    eventually(lambda: os.path.exists(harness.temp('socat')), 'socat listens')
    # the device is a PTY: it carries 8 bits whatever it is told
    with harness.socket.socket(harness.socket.AF_UNIX) as sock:
        sock.connect(harness.temp('socat'))
        equal(harness.pump(sock.fileno(), harness.BULK[:65536], device.fd, 65536),
              harness.BULK[:65536], 'to the device')
        equal(harness.pump(device.fd, harness.BULK[:65536], sock.fileno(), 65536),
              harness.BULK[:65536], 'from the device')
    place.ended(program)


places.run(test)
