#!/usr/bin/python3
"""Whatever the umask is, nobody but its user, and root, asks a net2pty anything; and what another user has
put at a socket's place is not believed. Needs root."""

import os
import socket
import stat
import subprocess

import harness
from harness import check, equal

NOBODY = 65534
AS_NOBODY = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups']


def ask(*words, nobody=False):
    asked = subprocess.run([*(AS_NOBODY if nobody else []), *words], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT)
    return asked.returncode, asked.stdout


def socket_of(link):
    return os.path.join(os.path.dirname(link), f'.{os.path.basename(link)}.net2pty')


def talks(path):
    """A stranger that answers everything."""
    code = ('import os, socket, sys\n'
            's = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); os.chmod(sys.argv[1], 0o777)\n'
            'print("listens", flush=True)\n'
            'while True:\n'
            '    c = s.accept()[0]\n'
            '    try:\n'
            '        c.recv(100); c.sendall(b"state: wonderful\\n")\n'
            '    except OSError:\n'
            '        pass\n'
            '    c.close()\n')
    stranger = harness.Program([*AS_NOBODY, '/usr/bin/python3', '-c', code, path])
    stranger.expected = True
    stranger.says('^listens')
    return stranger


def main():
    harness.need_machine('other_users')
    server = harness.Com2net('loop:,reset=esp', '0')
    where = f'127.0.0.1:{server.port}'
    os.chmod(harness.temp(), 0o1777)

    before = os.umask(0)
    client = harness.Net2pty(harness.temp('tty'), where)
    os.umask(before)
    client.says('connected')
    net2pty = client.argv[0]
    equal(stat.S_IMODE(os.lstat(socket_of(client.link)).st_mode), 0o600, 'mode of the socket')
    for words in (['--status', client.link], ['reset', client.link], ['exec', client.link, '--', 'true']):
        status, said = ask(net2pty, *words, nobody=True)
        check(status != 0 and 'only the user' in said, f'another user is sent away: {said}')
    # also one that has got through to the socket
    os.chmod(socket_of(client.link), 0o777)
    status, said = ask(net2pty, 'reset', client.link, nobody=True)
    check(status != 0 and 'done' not in said, f'another user is sent away: {said}')
    check('reset' not in client.log(), 'nothing was reset')
    equal(ask(net2pty, '--status', client.link)[0], 0, 'its own user is answered')
    client.stop()

    # a socket of a stranger's, beside no link, and beside one of ours
    path = harness.temp('other')
    stranger = talks(socket_of(path))
    for link in False, True:
        if link:
            os.symlink('/dev/null', path)
        for words in ['--status', path], ['reset', path], ['exec', path, '--', 'true']:
            status, said = ask(net2pty, *words)
            check(status != 0 and 'wonderful' not in said and "another user's" in said,
                  f'a stranger is not believed: {said}')
    os.unlink(path)
    check('taken by something else' in harness.fails([net2pty, path, where]), 'nor taken for a net2pty')
    # root may ask a user's net2pty about that user's link
    os.symlink('/dev/null', path)
    os.lchown(path, NOBODY, NOBODY)
    status, said = ask(net2pty, '--status', path)
    check(status == 0 and 'wonderful' in said, f'the user of the link is believed: {said}')
    stranger.kill()


harness.run(main)
