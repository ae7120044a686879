#!/usr/bin/python3
"""A net2pty that is stopped holds up nobody: --status and reset say that it does not answer, `net2pty exec` likewise, and what its programs ask for ends. With more
askers at its socket than it has room for a second one for its link fails, too, and `net2pty exec`
ends at the limit of --wait."""

import os
import signal
import socket
import subprocess

import harness
from harness import check, equal


ASKS = """
import fcntl, os, sys, termios, threading
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
said = []
def ask(request, argument):
    try:
        fcntl.ioctl(fd, request, argument)
    except OSError as error:
        said.append(error.strerror)
waits = threading.Thread(target=ask, args=(0x545C, 0x80))  # TIOCMIWAIT for RI
waits.start()
fcntl.ioctl(fd, termios.TIOCMGET, bytes(4))
print('begun', flush=True)
sys.stdin.read()
ask(termios.TIOCMBIS, (2).to_bytes(4, sys.byteorder))
waits.join()
print(', '.join(said), flush=True)
"""


def main():
    harness.need_machine('seccomp_notification', 'ptrace')
    server = harness.Com2net('loop:', '0')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    harness.eventually(lambda: 'state: connected' in client.status(), 'it is connected')
    client.send_signal(signal.SIGSTOP)
    for words in ['--status'], ['reset']:
        said = harness.fails([client.argv[0], *words, client.link])
        check('does not answer' in said, f'{words[0]} of one that is stopped ends: {said}')
    said = harness.fails([client.argv[0], 'exec', client.link, '--', 'true'])
    check('does not answer' in said, f'exec of one that is stopped ends: {said}')
    client.send_signal(signal.SIGCONT)

    # and so does what a program asks for, short or long, while it is stopped
    program = harness.Program([client.argv[0], 'exec', client.link, '--', '/usr/bin/python3', '-c', ASKS,
                               client.link], stdin=subprocess.PIPE)
    program.expected = True
    program.says('^begun')
    client.send_signal(signal.SIGSTOP)
    program.process.stdin.close()
    program.wait()
    check('Input/output error, Input/output error' in program.log(), f'each request ends: {program.log()}')

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
