#!/usr/bin/python3
"""`com2net status` tells of each com2net that runs, `com2net list` by whom a port is published, and a
second com2net for a port is warned. One that is stopped, a stranger that has such a name, and askers
that never read hold up nobody."""

import contextlib
import ctypes
import errno
import os
import re
import signal
import socket
import struct
import subprocess
import threading

import clock
import harness
import machine
from harness import check, equal, eventually

NOBODY = 65534
AS_NOBODY = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']
COM2NET = harness.under_test('com2net', 'server')
SOCKET_CALL = {'x86_64': 41, 'aarch64': 198, 'riscv64': 198}  # its number


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=harness.LIMIT, text=True)
    return done.returncode, done.stdout


def of(pid, said):
    """What is told of a process: its name and the lines after it, as often as it is there."""
    return ''.join(re.findall(fr'^com2net \(pid {pid}\).*\n(?:  .*\n)*', said, re.MULTILINE))


def tells(pid, *texts, before=()):
    """Waits until the status has them of a process: on a machine that is late it may not answer in time."""
    def look():
        _, said = run(*before, COM2NET, 'status')
        told = of(pid, said)
        return told if all(text in told for text in texts) else None
    return eventually(look, f'the status tells {texts} of {pid}')


def name_of(pid):
    with open('/proc/net/unix') as f:
        return re.search(fr'@(com2net-{pid}-[0-9a-f]+)$', f.read(), re.MULTILINE).group(1)


def stranger(suffix, serve):
    """Listens under a name that looks like a com2net's of process 1."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f'\0com2net-1-{os.getpid()}-{suffix}')
    listener.listen()

    def accept():
        kept = []
        with contextlib.suppress(OSError):
            while True:
                kept.append(listener.accept()[0])
                with contextlib.suppress(OSError):
                    serve(kept[-1])
    threading.Thread(target=accept, daemon=True).start()
    return listener


def say(text):
    def serve(client):
        client.sendall(text)
        client.close()
    return serve


def talk_on(client):
    while True:
        client.sendall(b'\x1b[31m' * 1000)


def second_is_warned(device, first):
    """A second one for the device, and its warning."""
    warning = (f'{device.path}: com2net (pid {first.pid}) publishes it, too, on 127.0.0.1:{first.port}. '
               'Only one of the two')

    def start():
        second = harness.Com2net(device.path, '0').tells()
        if warning in second.log():
            check(f'`kill {first.pid}`' in second.log(), f'the warning says what to do: {second.log()}')
            return second
        second.stop()
        return None
    return eventually(start, 'a second one is warned')


def listed(first_of):
    """The entry of a port of this machine, while a com2net publishes it, if there is one."""
    ports = [port for port in re.findall(r'^(/dev/\S+)\n', run(COM2NET, 'list')[1], re.MULTILINE)
             if os.access(port, os.R_OK | os.W_OK)]
    if not ports:
        return
    server = first_of(ports[0])

    def look():
        said = run(COM2NET, 'list')[1]
        entry = re.search(fr'^{ports[0]}\n((?:  .*\n)*)', said, re.MULTILINE).group(1)
        return f'  published    on 127.0.0.1:{server.port} by com2net (pid {server.pid})\n' in entry
    eventually(look, 'the list tells who publishes it')
    server.stop()


def without_local_sockets():
    """As under systemd's RestrictAddressFamilies=AF_INET: socket(AF_UNIX, ...) is refused."""
    number = SOCKET_CALL[os.uname().machine]
    code = [(0x20, 0, 0, 0), (0x15, 0, 3, number),  # BPF_LD nr; BPF_JEQ
            (0x20, 0, 0, 16), (0x15, 0, 1, socket.AF_UNIX),  # BPF_LD of the first argument; BPF_JEQ
            (0x06, 0, 0, 0x00050000 | errno.EAFNOSUPPORT), (0x06, 0, 0, 0x7fff0000)]  # BPF_RET ERRNO, ALLOW
    filters = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *line) for line in code))
    program = struct.pack('@HP', len(code), ctypes.addressof(filters))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, program, 0, 0) < 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), 'seccomp')


def in_another_container(device, first):
    """It has no number there: `kill 0` would end the processes of whoever types it."""
    own = ['unshare', '--pid', '--fork', '--kill-child'] + ([] if os.geteuid() == 0 else ['--map-root-user'])
    if run(*own, 'true')[0] != 0:
        return
    warning = f'com2net outside of this container publishes it, too, on 127.0.0.1:{first.port}. '

    def start():
        second = harness.Program([*own, COM2NET, device.path, '0'])
        eventually(lambda: 'listening on' in second.log(), 'it listens')
        clock.sleep(2)  # longer than it may ask
        second.kill()  # and its child with it
        return second.log() if warning in second.log() else None
    said = eventually(start, 'it is warned')
    check('(where it runs)' in said and 'kill 0' not in said, said)
    eventually(lambda: 'com2net outside of this container\n' in run(*own, COM2NET, 'status')[1], 'the status')


def none_can_ask():
    """Where it cannot tell, it publishes all the same."""
    if os.uname().machine not in SOCKET_CALL:
        return
    server = harness.Com2net('loop:', '0', preexec_fn=without_local_sockets)
    server.says('`com2net status` does not know this one: Address family not supported')
    harness.Peer(server.port).agreed()
    equal(server.stop(), 0, 'status')


def none_runs():
    """In a network of its own nobody tells."""
    alone = ['unshare', '--net'] + ([] if os.geteuid() == 0 else ['--map-root-user'])
    if run(*alone, 'true')[0] != 0:
        return
    status, said = run(*alone, COM2NET, 'status')
    equal(status, 1, 'status where none runs')
    check('No com2net runs on this machine. `com2net /dev/ttyUSB0 7000`' in said, f'what to do: {said}')


def strangers(first):
    """Anybody may have such a name: what it says does nothing to a terminal, and holds up nobody."""
    ours = os.getpid()
    speaks = stranger('a', say(b'device\t/dev/x\t\x1b[31mhere\tname\n\nhello\x1b[2J\x9b2J\r\nlast'))
    said = tells(ours, '  hello?[2J?2J?\n', '  last\n')
    check('\x1b' not in said and '\x9b' not in said and 'device' not in said, f'it is clean: {said!r}')
    speaks.close()

    others = [stranger('b', talk_on), stranger('c', lambda client: None), stranger('d', say(b'')),
              stranger('e', say(b'device\t/dev/x\n')), stranger('f', say(b'device\t\t\t'))]
    tells(first.pid, ' on 127.0.0.1:')
    tells(ours, 'does not answer')
    for other in others:
        other.close()


def askers(first, device):
    """So many that connect and never read cost neither descriptors nor the port its time."""
    name = name_of(first.pid)
    fds = f'/proc/{first.pid}/fd'
    before = len(os.listdir(fds))
    kept = []
    while len(kept) < 300:
        asker = socket.socket(socket.AF_UNIX)
        asker.setblocking(False)
        try:
            asker.connect(f'\0{name}')
            kept.append(asker)
        except BlockingIOError:
            asker.close()
            clock.sleep(0.01)
    eventually(lambda: len(os.listdir(fds)) <= before, 'they hold no descriptor')
    tells(first.pid, ' on 127.0.0.1:')
    peer = harness.Peer(first.port).agreed()
    peer.send(b'on time')
    equal(device.read(7), b'on time', 'data')
    check(kept[0].recv(7) == b'device\t', 'each has its answer')


def other_users(first):
    try:
        machine.other_users()
    except machine.Refused:
        return
    tells(first.pid, f'com2net (pid {first.pid}) of user root\n', ' on 127.0.0.1:', before=AS_NOBODY)
    other = harness.Program([*AS_NOBODY, COM2NET, 'loop:,name=theirs', '0'])
    tells(other.pid, f'com2net (pid {other.pid}) of user nobody\n', 'theirs on 127.0.0.1:')


def main():
    device = harness.Device()
    first = harness.Com2net(device.path, '0', 'loop:,name=x', '0', 'usb:demo-icestick,name=ice', '0')
    told = tells(first.pid, f'{device.path} on 127.0.0.1:{first.port}: closed')
    for text in (f'com2net (pid {first.pid})\n', f'  x on 127.0.0.1:{first.ports[1]}: closed',
                 f'  ice on 127.0.0.1:{first.ports[2]}: busid '):
        check(text in told, f'"{text}" in {told}')
    check('device\t' not in told, f'no lines for programs: {told}')
    peer = harness.Peer(first.port).agreed()
    tells(first.pid, f'{device.path} on 127.0.0.1:{first.port}: open', 'speaks RFC 2217')
    peer.sock.close()

    second = second_is_warned(device, first)
    tells(second.pid, f'{device.path} on 127.0.0.1:{second.port}: ')
    third = harness.Com2net('loop:', '0', 'usb:demo-icestick', '0')
    check('publishes' not in third.log(), f'built-in devices are no matter: {third.log()}')
    listed(lambda port: harness.Com2net(port, '0'))
    none_runs()
    none_can_ask()
    in_another_container(device, first)

    first.send_signal(signal.SIGSTOP)
    tells(first.pid, '  does not answer: it is stopped, or very busy\n')
    tells(second.pid, f'{device.path} on 127.0.0.1:{second.port}: ')
    first.send_signal(signal.SIGCONT)
    tells(first.pid, f'{device.path} on 127.0.0.1:{first.port}: ')

    second.stop()
    strangers(first)
    other_users(first)
    askers(first, device)


harness.run(main)
