#!/usr/bin/python3
"""A net2pty that is stopped holds up nobody: --status and reset say that it does not answer. With more
askers at its socket than it has room for a second one for its link fails, too, and `net2pty exec`
ends at the limit of --wait."""

import os
import signal
import socket

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    harness.eventually(lambda: 'state: connected' in client.status(), 'it is connected')
    client.send_signal(signal.SIGSTOP)
    for words in ['--status'], ['reset']:
        said = harness.fails([client.argv[0], *words, client.link])
        check('does not answer' in said, f'{words[0]} of one that is stopped ends: {said}')

    askers = []
    path = os.path.join(os.path.dirname(client.link), f'.{os.path.basename(client.link)}.net2pty')
    try:
        while True:
            asker = socket.socket(socket.AF_UNIX)
            askers.append(asker)
            asker.setblocking(False)
            asker.connect(path)
    except BlockingIOError:
        pass

    said = harness.fails([client.argv[0], client.link, f'127.0.0.1:{server.port}'])
    check('another net2pty serves it' in said, f'a second one says why it ends: {said}')
    check('cannot ask' in harness.fails([client.argv[0], '--status', client.link]), '--status ends')
    program = harness.Program([client.argv[0], 'exec', '--wait', '0.3', client.link, '--', 'true'])
    program.expected = True
    equal(program.wait(), 3, 'status after the time of --wait')
    client.send_signal(signal.SIGCONT)
    for asker in askers:
        asker.close()
    equal(client.stop(), 0, 'the one that was stopped ends')


harness.run(main)
