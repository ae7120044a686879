#!/usr/bin/python3
"""The names `windows` and `host`, where they are no names that are known: the machine around WSL, or
around a container. A network of its own stands for both; its gateway is this machine."""

import os
import socket
import subprocess

import faraway
import harness
import net2usb
from harness import check, equal

WSL = '5.15.153.1-microsoft-standard-WSL2'


def inside(namespace, words, release=None, hosts='127.0.0.1 localhost\n', container=False, timeout=180,
           servers=''):
    """A command there: what it says. It sees this kernel's release, these known names, and the folder
    that WSL has, unless it is in a container."""
    for name, text in (('release', release), ('hosts', hosts), ('resolv.conf', servers)):
        with open(harness.temp(name), 'w', encoding='ascii') as f:
            f.write(f'{text}\n' if text else '')
    mounts = [f'mount --bind {harness.temp("hosts")} /etc/hosts',
              f'mount --bind {harness.temp("resolv.conf")} /etc/resolv.conf']
    if release:
        mounts.append(f'mount --bind {harness.temp("release")} /proc/sys/kernel/osrelease')
    if release and not container:
        mounts += ['mount -t tmpfs none /run', 'mkdir /run/WSL']
    done = subprocess.run(['ip', 'netns', 'exec', namespace, 'unshare', '-m', 'sh', '-c',
                           ' && '.join(mounts) + ' && exec "$@"', 'sh', *words], timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def main():
    harness.need('unshare')
    with faraway.network() as (namespace, _):
        faraway.ip('-n', namespace, 'route', 'add', 'default', 'via', faraway.HOST)
        faraway.ip('-n', namespace, 'link', 'set', 'lo', 'up')
        serial = harness.Com2net('loop:', f'{faraway.HOST}:0')
        usb = harness.Com2net('usb:demo-icestick,name=ice', f'{faraway.HOST}:0')
        link = harness.temp('tty')

        def link_to(name, **around):
            return inside(namespace, [harness.under_test('net2pty', 'client'), '--wait', '5', link,
                                      f'{name}:{serial.port}', '--', 'true'], **around)

        def list_of(name, **around):
            return inside(namespace, [net2usb.installed(), 'list', f'{name}:{usb.port}'], **around)

        taken = f'is no name that is known here: taking {faraway.HOST}, of the default gateway'
        for name, around in (('host', {}), ('host', {'release': WSL}), ('windows', {'release': WSL}),
                             ('Windows', {'release': WSL})):
            said = link_to(name, **around)
            check(f'{name} {taken}' in said and f'connected to {name}:' in said, f'{name} {around}: {said}')
            said = list_of(name, **around)
            check(f'{name} {taken}' in said and 'named ice' in said, f'{name} {around}: {said}')

        # who tries again does not say it again
        said = inside(namespace, [harness.under_test('net2pty', 'client'), '--wait', '3', link,
                                  f'host:{harness.free_port()}', '--', 'true'])
        check('not connected within 3 s' in said, said)
        equal(said.count(f'host {taken}'), 1, 'how often it says so')

        # name servers that are silent take longer than an attempt; the next one does without
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((faraway.HOST, 53))
            said = inside(namespace, [harness.under_test('net2pty', 'client'), '--wait', '100', link,
                                      f'host:{serial.port}', '--', 'true'], servers=f'nameserver {faraway.HOST}')
            check(f'host {taken}' in said and 'connected to host:' in said, said)

        # Windows is around WSL only
        said = link_to('windows')
        check('windows' in said and 'An address works' in said and 'taking' not in said, said)
        said = list_of('windows')
        check('windows' in said and 'An address works' in said and 'taking' not in said, said)

        # the gateway of a container in WSL is WSL
        said = list_of('windows', release=WSL, container=True)
        check('An address works' in said and 'taking' not in said, said)

        # what Docker says counts, and a name that is known is what it is
        given = f'127.0.0.1 localhost\n{faraway.HOST} host.docker.internal\n'
        for name, around in (('host', {}), ('windows', {'release': WSL}), ('windows', {})):
            said = list_of(name, hosts=given, **around)
            check(f'taking {faraway.HOST}, of host.docker.internal' in said and 'named ice' in said, said)
        said = list_of('host', hosts=f'127.0.0.1 localhost\n{faraway.FAR_HOST} host\n')
        check('taking' not in said and 'nothing listens there' in said, said)

        # a network that is Windows's own
        faraway.ip('-n', namespace, 'link', 'add', 'loopback0', 'type', 'veth', 'peer', 'name', 'loopback1')
        said = list_of('windows', release=WSL)
        check('taking 127.0.0.1, of Windows, whose network WSL mirrors' in said, said)
    equal(os.path.exists(link), False, 'the link is gone')


harness.run(main)
