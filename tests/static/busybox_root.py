#!/usr/bin/python3
"""Static programs run in a small system of busybox: its shell and stty behind `--`, ports in /sys of which
one has no node, as in containers."""

import os

import root
import harness
from harness import check, equal

STEPS = 'stty -F "$1" 19200 cs7 parenb && stty -F "$1" && echo done'


def add_port(there, name):
    """A port in /sys, which is this system's only one. Its node would be in /dev."""
    device = f'/sys/devices/platform/{name}/tty/{name}'
    os.makedirs(there.path + device)
    os.makedirs(f'{there.path}/sys/class/tty', exist_ok=True)
    os.symlink(f'../../..{device[4:]}', f'{there.path}/sys/class/tty/{name}')


def main():
    busybox = harness.need('busybox')
    there = root.Root(system=True)
    there.add(busybox, '/bin/busybox')
    for applet in 'sh', 'stty':
        os.symlink('busybox', f'{there.path}/bin/{applet}')
    try:
        there.run('/bin/sh', '-c', 'exit 0')
    except harness.Failed:
        harness.absent('busybox that is a static program (package busybox-static)')
    server, port = there.serve('loop:', '0')
    said = there.run('/bin/net2pty', '/dev/tty6', f'localhost:{port}', '--', 'sh', '-c', STEPS, 'sh', '/dev/tty6')
    check('speed 19200' in said and 'done' in said, f'stty sees its settings: {said}')
    for command in 'BAUDRATE 19200', 'DATASIZE 7', 'PARITY even':
        check(f'< SET-{command}\n' in server.log(), f'the server is at {command}: {server.log()}')
    for name in 'ttyX0', 'ttyX1', 'ttyX2':
        add_port(there, name)
    for name in 'ttyX0', 'ttyX2':
        there.write(f'/dev/{name}', '')
    said = there.run('/bin/com2net', '--list')
    ports = [line for line in said.split('\n') if line.startswith('/dev/')]
    equal(sorted(ports), ['/dev/ttyX0', '/dev/ttyX2'], 'the ports that have nodes are listed')
    check('No USB devices found.' in said, f'and USB devices: {said}')


root.enter()
harness.run(main)
