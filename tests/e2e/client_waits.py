#!/usr/bin/python3
"""net2pty that starts before its server waits for it and then works."""

import os

import harness
from harness import check, equal


def main():
    port = harness.free_port()
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{port}', ready=False)
    client.says(r'127\.0\.0\.1')  # tells what it waits for
    harness.time.sleep(1.5)
    check(client.running(), 'net2pty goes on')
    harness.Com2net('loop:', str(port))
    client.ready(15)
    link = harness.open_link(client.link)
    echoed, sent = b'', 0

    def echoes():
        nonlocal echoed, sent
        sent += 1
        os.write(link, b'%d.' % sent)
        echoed += harness.read_some(link, 0.2)
        return echoed.endswith(b'%d.' % sent)  # and nothing else is under way
    harness.eventually(echoes, 'the link works', 15)
    os.write(link, harness.ALL_BYTES)
    equal(harness.read_exactly(link, 256, 5, 'link'), harness.ALL_BYTES, 'data')


harness.run(main)
