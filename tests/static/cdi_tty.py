#!/usr/bin/python3
"""By `net2pty cdi` unchanged images get serial ports: with modem lines and parity for programs that nobody
has started specially, as nobody, without capabilities; several at once; with a server that comes later."""

import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import engine  # noqa: E402
import harness  # noqa: E402
from harness import check, equal, eventually  # noqa: E402

BUILD = os.path.dirname(os.environ['COM2NET'])

# sets 57600 7E1, reads and clears DTR, and has five bytes come back
TALK = r'''
import fcntl, os, struct, sys, termios
for name in sys.argv[1:]:
    port = os.open(name, os.O_RDWR | os.O_NOCTTY)
    settings = termios.tcgetattr(port)
    settings[0] = settings[1] = settings[3] = 0
    settings[2] = termios.CS7 | termios.PARENB | termios.CREAD | termios.CLOCAL
    settings[4] = settings[5] = termios.B57600
    termios.tcsetattr(port, termios.TCSANOW, settings)
    lines = struct.unpack('i', fcntl.ioctl(port, termios.TIOCMGET, bytes(4)))[0]
    fcntl.ioctl(port, termios.TIOCMBIC, struct.pack('i', termios.TIOCM_DTR))
    os.write(port, b'hello')
    answer = b''
    while len(answer) < 5:
        answer += os.read(port, 5)
    print(name, answer.decode(), 'even' if termios.tcgetattr(port)[2] & termios.PARENB else 'none', hex(lines))
'''


def net2pty():
    """The static one, as it is installed."""
    prefix = harness.temp('prefix')
    if not os.path.isdir(prefix):
        subprocess.run(['cmake', '--install', BUILD, '--prefix', prefix, '--strip'], check=True, stdout=subprocess.DEVNULL)
        os.chmod(prefix, 0o755)
    return f'{prefix}/bin/net2pty'


def cdi(*words, status=0, program=None):
    done = subprocess.run([program or net2pty(), 'cdi', *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=harness.LIMIT, check=False)
    equal(done.returncode, status, f'cdi {words}: {done.stderr}')
    return done.stdout, done.stderr


def write(*words):
    return cdi('-o', f'{engine.FILES}/tty.json', *words)


def tty(name):
    return f'com2net.dev/tty={name}'


def talk(devices, *names, options=()):
    links = [name if name.startswith('/') else f'/run/com2net/{name}' for name in names]
    status, said = engine.run(devices, 'python3', '-c', TALK, *links, options=options)
    equal(status, 0, said)
    for link in links:
        check(f'{link} hello even 0x166' in said, f'{link}: {said}')


def content():
    out, err = cdi('--prefix=lab-', 'uno=192.0.2.7:7000,115200,8e1', '[2001:db8::1]:7001')
    found = {d['name']: d['containerEdits'] for d in json.loads(out)['devices']}
    equal(set(found), {'lab-uno', 'lab-tty7001', 'lab-all'}, 'devices')
    equal([h['hookName'] for d in found.values() for h in d['hooks']], ['startContainer'] * 4, 'hooks in the container only')
    equal(found['lab-uno']['hooks'][0]['args'], ['net2pty', 'hook', 'uno,115200,8e1', '192.0.2.7:7000'], 'a hook')
    check('is the container' in cdi('localhost:7000')[1], 'a server that containers do not reach')
    for words, said in (((), 'cdi takes servers'), (('a=HOST:1', 'a=HOST:2'), 'a is the NAME of two'),
                        (('a b=HOST:1',), 'container engines take letters'), (('all=HOST:1',), '`all` is for all'),
                        (('uno=HOST:1,speed',), 'is no option'), (('uno=HOST',), 'HOST:7000'),
                        (('--prefix=-', 'uno=HOST:1'), 'begin with a letter'),
                        (('n' * 65 + '=HOST:1',), 'a NAME has up to 64 characters'),
                        (('uno=HOST:1,' + '115200,' * 100,), 'its options are too long')):
        check(said in cdi(*words, status=2)[1], f'{words}: {cdi(*words, status=2)[1]}')
    check('cannot write /no/such/x.json' in cdi('-o', '/no/such/x.json', 'uno=HOST:1', status=1)[1], 'no folder')
    done = subprocess.run([net2pty(), 'hook', 'uno', '127.0.0.1:1'], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=harness.LIMIT, check=False)
    check(done.returncode == 1 and '/run/com2net cannot be written' in done.stderr, f'not in a container: {done.stderr}')


def named_twice(one, two):
    """A port by two devices of engines is one port; two ports of one name are told."""
    longest = 'n' * 64
    write(f'uno=127.0.0.1:{one}', f'{longest}=127.0.0.1:{two}')
    talk([tty('uno'), tty('all')], 'uno', longest)
    cdi('-o', f'{engine.FILES}/rack.json', '--prefix=rack-', f'uno=127.0.0.1:{two}')
    status, said = engine.run([tty('uno'), tty('rack-uno')], 'true')
    check(status != 0 and f'/run/com2net/uno is there already, for 127.0.0.1:{one}: give each port' in said, f'{status}: {said}')
    os.unlink(f'{engine.FILES}/rack.json')


def log_is_ours(one):
    """Everybody may write to the folder: a link in the log's place does not have root write elsewhere."""
    script = (f'echo kept >/run/file; ln -s /run/file /run/com2net/.due.log; '
              f'/opt/com2net/bin/net2pty hook due 127.0.0.1:{one}; cat /run/file')
    write(f'uno=127.0.0.1:{one}')
    status, said = engine.run([tty('uno')], 'sh', '-c', script, options=('--user', '0', '--tmpfs', '/run'))
    check(status == 0 and 'kept' in said, f'{status}: {said}')


def away():
    """A server that comes after the container has started; and containers that are to wait for it."""
    port = harness.free_port()
    write(f'uno=127.0.0.1:{port}')
    log = harness.temp('away.log')
    with open(log, 'wb') as out:
        waits = subprocess.Popen(engine.words('--device', tty('uno'), program=('python3', '-c', TALK, '/run/com2net/uno')),
                                 env=engine.environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    server = harness.Com2net('loop:', str(port))
    equal(waits.wait(timeout=harness.LIMIT), 0, 'the container ends well')
    server.stop()

    write('--wait=0.5', f'uno=127.0.0.1:{port}')
    status, said = engine.run([tty('uno')], 'true')
    check(status != 0 and re.search(r'not connected within 0\.5 s: .*nothing listens there', said), f'{status}: {said}')
    server = harness.Com2net('loop:', str(port))
    write('--wait=60', f'uno=127.0.0.1:{port}')
    talk([tty('uno')], 'uno')
    server.stop()


def ends(*options):
    """The port is free as soon as the container is killed, whoever else is in its namespace."""
    server = harness.Com2net('loop:', '0')
    write(f'uno=127.0.0.1:{server.port}')
    holder = subprocess.Popen(engine.words(*options, '--device', tty('uno'), name='holder', program=('sleep', '999')),
                              env=engine.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    server.says('speaks|connected|opened')
    engine.kill('holder')
    holder.wait(timeout=harness.LIMIT)
    server.says('disconnected')

    def gone():
        return not any(b'/run/com2net/uno' in line for line in subprocess.run(
            ['ps', '-eo', 'args'], capture_output=True, check=True).stdout.splitlines())
    eventually(gone, 'no net2pty is left')
    server.stop()


def test():
    content()
    server = harness.Com2net('-v', 'loop:,name=one', '0', 'loop:,name=two', '0')
    one, two = server.ports
    write(f'uno=127.0.0.1:{one}', f'due=127.0.0.1:{two}')
    talk([tty('uno')], 'uno')
    check('SET-PARITY even' in server.log() and 'SET-BAUDRATE 57600' in server.log(), 'settings reach the server')
    eventually(lambda: 'DTR off' in server.log(), 'so do lines')
    talk([tty('uno'), tty('due')], 'uno', 'due')
    talk([tty('all')], 'uno', 'due')
    named_twice(one, two)
    log_is_ours(two)
    talk([tty('uno')], '/dev/uno', options=('--user', '0', '--cap-add', 'DAC_OVERRIDE', '--read-only=false'))
    server.stop()
    away()
    ends()
    ends('--pid=host')


engine.begin()
harness.run(test)
