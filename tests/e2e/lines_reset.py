#!/usr/bin/python3
"""net2pty reset LINK runs the recipe on the server, through a slow network, and says how it went."""

import re
import threading

import harness
from harness import check, equal, eventually

CTS, DSR = 16, 32


def main():
    server = harness.Com2net('-v', 'loop:,reset=esp,observers', '0', 'loop:', '0')
    relay = harness.Relay(server.ports[0], 20, 20)
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{relay.port}')
    link = harness.open_link(client.link)
    harness.opened(client)
    watcher = harness.Peer(server.ports[0]).agreed()
    watcher.settle()
    equal(watcher.ask_value(harness.CONTROL, 7), 8, 'DTR before the reset')

    seen = []

    def watch():
        told = len(watcher.messages)
        while watcher.receive(60):
            seen.extend(payload[0] & (CTS | DSR)
                        for code, payload in watcher.messages[told:] if code == 107)
            told = len(watcher.messages)
    threading.Thread(target=watch, daemon=True).start()

    def changes():
        """When they were made, in ms: a watcher may be late."""
        return [(int(hours) * 60 + int(minutes)) * 60000 + float(seconds) * 1000 for hours, minutes, seconds
                in re.findall(r'^(\d+):(\d+):(\S+) .*: modem inputs ', server.log(), re.MULTILINE)]
    before = len(changes())
    status, said = client.reset()
    equal((status, said), (0, 'reset: done\n'), 'the outcome')
    eventually(lambda: len(seen) >= 3, 'three changes')
    equal(seen, [CTS, DSR, 0], 'RTS is seen as CTS, DTR as DSR')
    times = changes()[before:]
    equal(len(times), 3, 'changes in the log')
    held, boot = ((times[i + 1] - times[i]) % 86400000 for i in range(2))
    print(f'in reset for {held:.1f} ms, GPIO0 low for {boot:.1f} ms')
    check(95 <= held, 'in reset for 100 ms')
    check(45 <= boot, 'GPIO0 low for 50 ms')
    eventually(lambda: 'lines: none' in client.status(), 'net2pty knows how the lines are')

    harness.os.write(link, b'to the bootloader')
    equal(harness.read_exactly(link, 17, 5, 'link'), b'to the bootloader', 'data afterwards')

    other = harness.Net2pty(harness.temp('other'), f'127.0.0.1:{server.ports[1]}')
    eventually(lambda: 'state: connected' in other.status(), 'the other link is connected')
    status, said = other.reset()
    check(status == 1 and 'no reset=' in said, f'a port without reset= says so: {status} {said}')
    said = harness.fails([client.argv[0], 'reset', harness.temp('nobody')])
    check('no net2pty serves it' in said, f'a link of nobody: {said}')
    said = harness.fails([client.argv[0], 'reset'])
    check('one LINK' in said, f'no link: {said}')


harness.run(main)
