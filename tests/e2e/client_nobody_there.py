#!/usr/bin/python3
"""Where nobody listens a client does not take itself for a server: the system may give it the very port
that it calls, and TCP then connects it to itself."""

import subprocess
import sys

import harness
from harness import check

PORTS = 40000, 40001

# Few ports, in a network of its own.
ALONE = """
import subprocess, sys
with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as f:
    f.write('40000 40001')
subprocess.run(sys.argv[1:])
"""


def alone(*argv):
    raised = 'ip link set lo up 2>/dev/null || ifconfig lo up; exec "$@"'
    run = subprocess.run([harness.need('unshare'), '--net', 'sh', '-c', raised, 'sh', sys.executable, '-c', ALONE,
                          *map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT)
    if 'unshare:' in run.stdout or 'PermissionError' in run.stdout or 'Read-only' in run.stdout:
        harness.skip(f'no network of its own here: {run.stdout.splitlines()[-1]}')
    return run.stdout


def main():
    net2pty, net2usb = harness.under_test('net2pty', 'client'), harness.under_test('net2usb', 'client')
    for port in PORTS:
        said = alone(harness.need('timeout'), 20, net2pty, '--raw', '--wait', 3, harness.temp('tty'), f'127.0.0.1:{port}')
        check('connected to' not in said and 'nothing listens there' in said, f'net2pty at {port}: {said}')
        said = alone(net2usb, 'list', f'127.0.0.1:{port}')
        check('nothing listens there' in said, f'net2usb at {port}: {said}')


harness.run(main)
