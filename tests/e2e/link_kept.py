#!/usr/bin/python3
"""A link that somebody removes is made again, and that is said; what somebody else puts there stays, and is
said, and the link is back when that is gone. --replace takes the place of links that lead nowhere, and of
nothing else."""

import os

import harness
from harness import check, equal, eventually


def leads_to(link, device):
    return os.path.islink(link) and os.readlink(link) == device


def works(link):
    fd = harness.open_link(link)
    os.write(fd, b'through')
    equal(harness.read_exactly(fd, 7, harness.PATIENCE, 'link'), b'through', 'bytes on the link')
    os.close(fd)


def removed(where):
    client = harness.Net2pty(harness.temp('kept'), where)
    client.says('connected')
    device = os.readlink(client.link)
    fd = harness.open_link(client.link)
    os.unlink(client.link)
    eventually(lambda: leads_to(client.link, device), 'the link is made again')
    client.says('removed it: it is made again')
    os.close(fd)
    works(client.link)

    os.rename(client.link, harness.temp('moved'))
    eventually(lambda: leads_to(client.link, device), 'the link is made again after a rename')
    os.unlink(harness.temp('moved'))

    os.unlink(client.link)
    with open(client.link, 'x') as f:
        f.write('mine')
    client.says('something else is there')
    with open(client.link) as f:
        equal(f.read(), 'mine', 'the file of somebody else')
    os.unlink(client.link)
    eventually(lambda: leads_to(client.link, device), 'the link is made again after the file')

    other = harness.temp('other')
    os.symlink('/dev/null', other)
    os.rename(other, client.link)
    eventually(lambda: client.log().count('something else is there') == 2, 'it is said again')
    client.stop()
    equal(os.readlink(client.link), '/dev/null', "somebody else's link")


def replaced(where):
    net2pty = harness.under_test('net2pty', 'client')
    path = harness.temp('dangling')
    os.symlink('/dev/ttyUSB_that_was', path)
    said = harness.fails([net2pty, path, where])
    check('--replace' in said, f'what to do is said: {said}')
    equal(os.readlink(path), '/dev/ttyUSB_that_was', 'the link of somebody else')

    for words in ('--replace', path, where), (path + ',replace', where):
        client = harness.Net2pty(*words, ready=False)
        client.ready(harness.PATIENCE)
        client.says('connected')
        works(path)
        client.stop()
        check(not os.path.lexists(path), 'the link is gone')
        os.symlink('/dev/ttyUSB_that_was', path)

    for make in (lambda p: os.symlink('/dev/null', p), lambda p: open(p, 'x').close(), os.mkdir):
        path = harness.temp('stays')
        make(path)
        before = os.lstat(path).st_ino
        harness.fails([net2pty, '--replace', path, where])
        equal(os.lstat(path).st_ino, before, 'what leads somewhere, or is no link')
        if os.path.isdir(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    equal([name for name in os.listdir(harness.temp()) if name.endswith(('.new', '.old'))], [], 'what is left')


def main():
    server = harness.Com2net('loop:,takeover', '0')
    where = f'127.0.0.1:{server.port}'
    removed(where)
    replaced(where)


harness.run(main)
