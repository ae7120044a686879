#!/usr/bin/python3
"""`net2pty exec LINK -- COMMAND` joins a link that another net2pty serves: a serial port in full,
whoever serves it. It waits for one with --wait; when that one ends what waits gets EIO, and when
another one comes the lines are back."""

import time

import exec_pyserial
import harness
from harness import check, equal

# waits for a line that does not change, then for the link to come back
SURVIVOR = '''
import errno, fcntl, sys, time
import serial

port = serial.Serial(sys.argv[1], timeout=60)
print('waits', flush=True)
try:
    fcntl.ioctl(port.fd, 0x545C, 0x80)  # TIOCMIWAIT for RI
    sys.exit('RI changed')
except OSError as error:
    if error.errno != errno.EIO:
        sys.exit(f'while waiting: {error}')
port.close()
print('lost', flush=True)
limit = time.monotonic() + 60
while time.monotonic() < limit:
    try:
        with serial.Serial(sys.argv[1], timeout=60) as port:
            port.rts = False
            # once: what the open has raised may be told in between
            while port.cts:
                if time.monotonic() > limit:
                    sys.exit('CTS stays')
                time.sleep(0.005)
            sys.exit(9)
    except (OSError, serial.SerialException):
        time.sleep(0.01)
sys.exit('the link does not come back')
'''


def main():
    harness.need_machine('seccomp_notification')
    harness.need_serial()
    server = harness.Com2net('-v', 'loop:', '0')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    net2pty = client.argv[0]

    program = harness.Program([net2pty, 'exec', client.link, '--', '/usr/bin/python3', '-c',
                               exec_pyserial.PROGRAM, client.link])
    program.expected = True
    equal(program.wait(30), 7, f'exit status; it said: {program.log()}')
    check('SET-PARITY mark' in server.log(), 'parity reaches the server')
    check(client.running(), 'the one that serves lives on')

    program = harness.Program([net2pty, 'exec', client.link, '--', '/usr/bin/python3', '-c', SURVIVOR,
                               client.link])
    program.expected = True
    program.says('^waits$')
    client.stop()
    program.says('^lost$')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    equal(program.wait(30), 9, f'the link comes back; it said: {program.log()}')
    client.stop()

    said = harness.fails([net2pty, 'exec', client.link, '--', 'true'])
    check('no net2pty serves it' in said, f'that nobody serves it is said: {said}')
    limited = harness.Program([net2pty, 'exec', '--wait', '0.2', client.link, '--', 'true'])
    limited.expected = True
    equal(limited.wait(), 3, 'status after the time of --wait')
    check('within 0.2 s' in limited.log(), 'why is said')
    waiting = harness.Program([net2pty, 'exec', '--wait', '20', client.link, '--', 'sh', '-c', 'exit 5'])
    waiting.expected = True
    time.sleep(0.1)
    harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    equal(waiting.wait(), 5, 'one that waits begins')


harness.run(main)
