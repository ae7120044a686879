#!/usr/bin/python3
"""net2pty --status LINK and SIGUSR1 tell where the link leads and how it is set."""

import os
import signal
import subprocess

import harness
from harness import check, equal, eventually


def main():
    device, server, client = harness.bridge()
    link = harness.open_link(client.link)
    subprocess.run(['stty', '-F', client.link, '57600'], check=True)
    eventually(lambda: device.settings().speed == 57600, 'speed', 5)

    asked = subprocess.run([harness.under_test('net2pty', 'client'), '--status', client.link],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
    check(asked.returncode == 0, f'--status succeeds: {asked.returncode} {asked.stderr}')
    check(f'127.0.0.1:{server.port}' in asked.stdout, f'the server is named: {asked.stdout}')
    check('57600' in asked.stdout, f'the speed is named: {asked.stdout}')

    before = len(client.log())
    client.send_signal(signal.SIGUSR1)
    eventually(lambda: '57600' in client.log()[before:], 'SIGUSR1 tells the speed', 5)
    check(client.running(), 'net2pty goes on')

    name = os.path.basename(harness.temp().rstrip('/')) + '-tty'
    harness.Net2pty(f'/tmp/{name}', f'127.0.0.1:{server.port}').says('made')
    asked = subprocess.run([harness.under_test('net2pty', 'client'), 'status'], cwd='/tmp', stdout=subprocess.PIPE,
                           timeout=60, text=True, check=True)
    equal(asked.stdout.count(f'link: /tmp/{name}\n'), 1, f'without a LINK: {asked.stdout}')
    equal(asked.stdout.count(f'{name}\n'), 1, f'each link is told once: {asked.stdout}')
    del link


harness.run(main)
