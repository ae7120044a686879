#!/usr/bin/python3
"""What newcomers type: cases/wrong_usages.txt, each with the words that its answer must have."""

import os
import pty
import shlex
import shutil
import socket
import subprocess
import threading

import clock
import harness
import net2usb
from harness import check

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cases', 'wrong_usages.txt')
RUNS_ON = 124
LIMIT = 30
PROGRAMS = os.path.dirname(harness.under_test('com2net', 'server'))  # for a shell's line


def rows():
    with open(TABLE, encoding='utf-8') as f:
        for line in f:
            if line.strip() and not line.startswith('#'):
                number, command, status, *texts = (part.strip() for part in line.split(' | '))
                yield number, command, int(status), texts


def server(greeting):
    """Says something first, and never anything else."""
    listener = socket.create_server(('127.0.0.1', 0))
    kept = []

    def serve():
        while True:
            client, _ = listener.accept()
            client.sendall(greeting)
            kept.append(client)
    threading.Thread(target=serve, daemon=True).start()
    return f'127.0.0.1:{listener.getsockname()[1]}'


def full_server(kept):
    """A port that takes no further connection, as behind a firewall that drops."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        kept.append(client)
    kept.append(listener)
    return f'127.0.0.1:{listener.getsockname()[1]}'


def can(family, address):
    try:
        with socket.socket(family) as s:
            s.bind((address, 0))
        return True
    except OSError:
        return False


def low_ports_are_for_all():
    with open('/proc/sys/net/ipv4/ip_unprivileged_port_start', encoding='ascii') as f:
        return int(f.read()) <= 23


def copies(programs, folder):
    """The programs alone, without their libraries, where everybody may read them."""
    os.makedirs(f'{folder}/bin', exist_ok=True)
    os.chmod(folder, 0o755)
    os.chmod(f'{folder}/bin', 0o755)
    for program in programs:
        shutil.copy(program, f'{folder}/bin')
    return f'{folder}/bin'


def missing(texts):
    """What a row needs and is not there; takes the words that say so off it."""
    needs = {'iceprog': shutil.which('iceprog') is None,
             'ipv6': not can(socket.AF_INET6, '::1'),
             'root': os.geteuid() != 0,
             'netns': subprocess.run(['unshare', '-rn', 'true'], capture_output=True, check=False).returncode != 0,
             'low': os.geteuid() != 0 or low_ports_are_for_all(),
             'static': shutil.which('busybox') is None or b'statically' not in subprocess.run(
                 ['file', '-L', shutil.which('busybox')], capture_output=True, check=False).stdout,
             'vhci': os.path.exists('/sys/devices/platform/vhci_hcd.0')}
    left_out = False
    while texts and texts[-1] in needs:
        left_out = needs[texts.pop()] or left_out
    return left_out


def run(words, status):
    """Its status, and all that it says. One that is to run on is ended when it has said something."""
    program = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors='replace', env={**os.environ, 'LC_ALL': 'C.UTF-8', 'PATH': f'{PROGRAMS}:{os.environ["PATH"]}'})
    if status == RUNS_ON:
        clock.sleep(0.7)
        on = program.poll() is None
        program.terminate()
        said = program.communicate(timeout=LIMIT)[0]
        return RUNS_ON if on else program.returncode, said
    try:
        said = program.communicate(timeout=LIMIT)[0]
    except subprocess.TimeoutExpired:
        program.kill()
        return RUNS_ON, program.communicate()[0]
    return program.returncode, said


def main():
    kept = []
    programs = {name: harness.under_test(name, folder)
                for name, folder in (('com2net', 'server'), ('net2pty', 'client'), ('net2usb', 'client'))}
    net2usb.program()
    folder = harness.temp('d')
    os.mkdir(folder)
    with open(f'{folder}/file', 'w', encoding='utf-8') as f:
        f.write('data')
    loop = harness.Com2net('loop:', '0')
    usb = harness.Com2net('usb:demo-icestick,name=ice', 'usb:demo-dfu', '0', ports=1)
    echo = harness.Com2net('loop:,mode=raw', '0')
    telnet = harness.Com2net('loop:,mode=telnet', '0')
    tty = pty.openpty()
    link = f'{folder}/served'
    harness.Net2pty(link, f'127.0.0.1:{harness.Com2net("loop:", "0").port}').says('connected')
    values = {'$LOOP': f'127.0.0.1:{loop.port}', '$USB': f'127.0.0.1:{usb.port}', '$D': folder,
              '$HTTP': server(b''), '$SILENT': server(b''), '$SSH': server(b'SSH-2.0-OpenSSH_9.2p1\r\n'),
              '$ESC': '\x1b', '$ECHO': f'127.0.0.1:{echo.port}', '$TELNET': f'127.0.0.1:{telnet.port}',
              '$BIN': copies(programs.values(), harness.temp('copies')), '$LINK': link, '$TTY': os.ttyname(tty[1]),
              '$NOBODY': 'setpriv --reuid 65534 --regid 65534 --clear-groups', '$ALONE': 'unshare -rn',
              '$FULL': full_server(kept), '$NONE': f'127.0.0.1:{harness.free_port()}'}
    wrong = []
    for number, command, status, texts in rows():
        if missing(texts):
            continue
        for name, value in values.items():
            command = command.replace(name, value)
            texts = [text.replace(name, value) for text in texts]
        words = [programs.get(word, word) for word in shlex.split(command)]
        got, said = run(words, status)
        absent = [text for text in texts if text not in said]
        if got != status or absent or '\x1b' in said:
            wrong.append(f'{number} $ {command}\n{said}status {got}, not {status}; absent: {absent}')
    check(not wrong, '\n\n'.join(wrong))


harness.run(main)
