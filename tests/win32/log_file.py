#!/usr/bin/python3
"""A log file can be renamed and deleted while com2net.exe writes it, and another process's lines are
not lost."""

import os

import harness
import wine
from harness import check, equal, eventually


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def main():
    log, old = harness.temp('log.txt'), harness.temp('old.txt')
    with open(log, 'w', encoding='utf-8') as f:
        f.write('what was there\n')
    server = harness.Program(wine.command(wine.EXE, '--log-file', 'Z:' + log, 'loop:', '0'),
                             env=wine.environment())
    eventually(lambda: 'listening on' in read(log), 'it listens', 60)
    check(read(log).startswith('what was there\n'), 'lines are appended')
    with open(log, 'a', encoding='utf-8') as f:
        f.write('of another one\n')
    equal(wine.run('cmd', '/c', 'move', *(('Z:' + path).replace('/', '\\') for path in (log, old)))[0], 0,
          'status of renaming it')
    check(os.path.exists(old) and not os.path.exists(log), 'it is renamed')
    port = int(harness.re.search(r'listening on 127.0.0.1:(\d+)', read(old)).group(1))
    harness.Peer(port).agreed().close()
    eventually(lambda: 'disconnected' in read(old), 'the lines go on', 60)
    check('of another one\n' in read(old), 'lines of others stay')
    equal(wine.run('cmd', '/c', 'del', ('Z:' + old).replace('/', '\\'))[0], 0, 'status of deleting it')
    check(server.running(), 'it runs on')


harness.run(main)
