#!/usr/bin/python3
"""In a container net2pty is started as the user who runs the tool: the other way round the tool is another
user's process, which nobody may look into, and gets bytes and speed only."""

import os

import harness
import places
from harness import check

DROP = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all',
        '--bounding-set=-all']

PROGRAM = '''
import os, sys
import serial
port = serial.Serial(sys.argv[1], 115200, timeout=60)
port.write(b'data')
data = port.read(4)
try:
    lines = 'lines' if port.cts in (True, False) else ''
except OSError:
    lines = 'no lines'
print('user', os.getuid(), data.decode(), lines)
'''


def main():
    harness.need_serial()
    places.own_namespaces()
    os.chmod(harness.temp(), 0o777)
    for profile in 'docker', 'containers':
        place = places.Container(profile, 0)
        server = harness.Com2net('loop:', place.listen)
        tool = ['/usr/bin/python3', '-c', PROGRAM, '/tmp/ttyS5']
        said = place.run('/tmp/ttyS5,mode=666', place.at(server.port), '--', *DROP, *tool)
        check('user 65534 data no lines' in said, f'the tool as another user: {said}')
        place.prefix = DROP
        said = place.run('/tmp/ttyS5', place.at(server.port), '--', *tool)
        check('user 65534 data lines' in said, f'both as one user: {said}')


harness.run(main)
