#!/usr/bin/python3
"""ser2net's "Port already in use" is no data: it is said on standard error, not on the link."""

import harness


def main():
    device = harness.Device()
    server = harness.ser2net(device.path)
    first = harness.Peer(server.port)
    first.until(lambda: (harness.DO, harness.COMPORT) in first.negotiated, 'the first client is in')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}', ready=False)
    client.says('[Pp]ort already in use', 10)
    if harness.os.path.exists(client.link):
        link = harness.open_link(client.link)
        harness.equal(harness.read_some(link, 2), b'', 'data on the link')
    # it goes on trying, and gets the port when it is free
    first.close()
    client.ready(20)
    link = harness.open_link(client.link)
    seen = b''

    def carries():
        nonlocal seen
        device.write(b'y')
        seen += harness.read_some(link, 0.2)
        return b'y' in seen
    harness.eventually(carries, 'the freed port carries data', 20)
    harness.equal(seen.strip(b'y'), b'', 'what else came on the link')


harness.run(main)
