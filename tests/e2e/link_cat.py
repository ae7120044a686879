#!/usr/bin/python3
"""echo > LINK and cat LINK, which open, use and close the link at once, lose nothing."""

import subprocess

import harness
from harness import equal


def main():
    device, _, client = harness.bridge()
    for i in range(20):
        line = b'line %d \xff\r\n' % i
        subprocess.run(['sh', '-c', 'cat > "$0"', client.link], input=line, check=True)
        equal(device.read(len(line)), line, 'what was written before the close')
    equal(device.quiet(), b'', 'what else came to the device')

    reader = subprocess.Popen(['cat', client.link], stdout=subprocess.PIPE)
    harness.opened(client)
    device.write(b'hello \xff\r\n')
    equal(harness.read_exactly(reader.stdout.fileno(), 9, 5, 'cat'), b'hello \xff\r\n', 'what cat prints')
    reader.kill()
    equal(device.quiet(), b'', 'nothing is echoed to the device')


harness.run(main)
