#!/usr/bin/python3
"""net2pty --wait waits for the device, too: COMMAND begins when it is there, and what is waited for is said."""

import os
import subprocess

import harness
from harness import check, equal


def main():
    path = harness.temp('absent')
    server = harness.Com2net(path + ',hotplug', '0')
    address = f'127.0.0.1:{server.port}'
    gives_up(address)
    begins_when_it_is_there(server, address, path)
    says_by_whom(server, address)


def gives_up(address):
    run = subprocess.run([harness.under_test('net2pty', 'client'), '--wait', '1', harness.temp('tty'), address, '--', 'true'],
                         stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    equal(run.returncode, 3, 'the exit status')
    check('the device is away: ' in run.stderr, f'the reason is said: {run.stderr}')


def begins_when_it_is_there(server, address, path):
    link, sign = harness.temp('tty'), harness.temp('begun')
    client = harness.Net2pty(link, address, '--wait', '60', '--', 'touch', sign, ready=False)
    client.says('the device is away')
    harness.clock.sleep(0.5)
    check(not os.path.exists(sign), 'COMMAND has not begun')
    device = harness.Device()
    os.symlink(device.path, path)
    harness.eventually(lambda: os.path.exists(sign), 'COMMAND begins', 15)
    equal(client.process.wait(15), 0, 'the exit status')


def says_by_whom(server, address):
    peer = harness.next_client(server.port)
    client = harness.Net2pty(harness.temp('tty'), address, ready=False)
    client.says(r'in use by another client: 127\.0\.0\.1:\d+ has it')
    peer.close()
    client.ready(15)


harness.run(main)
