#!/usr/bin/python3
"""The server goes and comes back: the link stays the same, its settings are made again."""

import fcntl
import os
import subprocess
import termios

import harness
from harness import equal, eventually


def main():
    device, server, client = harness.bridge()
    link = harness.open_link(client.link)
    subprocess.run(['stty', '-F', client.link, '57600', 'cstopb'], check=True)
    eventually(lambda: device.settings().speed == 57600, 'speed at first', 5)
    target = os.readlink(client.link)
    number = client.pid

    server.kill()
    # as the last close would do, which our own descriptor prevents; root with CAP_SYS_ADMIN need not
    fcntl.ioctl(device.slave, termios.TIOCNXCL)
    subprocess.run(['stty', '-F', device.path, '9600', '-cstopb'], check=True)
    harness.time.sleep(0.5)
    os.write(link, b'lost')
    harness.Com2net(device.path, str(server.port))
    eventually(lambda: device.settings().speed == 57600, 'speed after the restart', 20)
    eventually(lambda: device.settings().two_stop_bits, 'stop bits after the restart', 5)
    equal(os.readlink(client.link), target, 'where the link leads')
    equal(client.pid, number, 'the process')

    arrived, sent = b'', 0

    def carries():
        nonlocal arrived, sent
        sent += 1
        os.write(link, b'%d.' % sent)
        arrived += harness.read_some(device.fd, 0.2)
        return arrived.endswith(b'%d.' % sent)  # and nothing else is under way
    eventually(carries, 'data after the restart', 10)
    os.write(link, harness.ALL_BYTES)
    equal(device.read(256), harness.ALL_BYTES, 'data to the device')
    device.write(harness.ALL_BYTES)
    equal(harness.read_exactly(link, 256, 5, 'link'), harness.ALL_BYTES, 'data to the link')


harness.run(main)
