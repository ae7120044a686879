#!/usr/bin/python3
"""What --pcap records is for its user alone, whatever the umask is, and also in a file that was there."""

import os
import stat

import harness
from harness import equal


def main():
    before = os.umask(0)
    for name in 'new', 'old':
        path = harness.temp(f'{name}.pcapng')
        if name == 'old':
            with open(path, 'w') as f:
                f.write('much more than a header ' * 100)
        server = harness.Com2net('--pcap', path, 'usb:demo-loop', '0', ports=1)
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, f'mode of the {name} file')
        server.stop()
        with open(path, 'rb') as f:
            equal(f.read(4), bytes.fromhex('0a0d0d0a'), 'it begins anew')
        equal(os.stat(path).st_size < 200, True, 'nothing is left in it')
    os.umask(before)


harness.run(main)
