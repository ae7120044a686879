#!/usr/bin/python3
"""`com2net doctor` reads the firewall's rules, how WSL's network is set up, and who has a port."""

import contextlib
import os
import socket

import harness
import wine
from harness import check, equal

POLICY = r'HKLM\System\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
RULES = POLICY + r'\FirewallRules'
LXSS = r'HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss'
DOCKER = r'HKLM\System\CurrentControlSet\Services\com.docker.service'
PROFILES = ('DomainProfile', 'StandardProfile', 'PublicProfile')
EXE = 'Z:' + wine.EXE.replace('/', '\\')
PORT = 47001
NO_RULE = f"BAD  Windows's firewall has no rule that lets others in to port {PORT}; as administrator"


def reg(*words):
    status, said = wine.run('reg', *words, '/f')
    equal(status, 0, said)


def rule(text):
    reg('add', RULES, '/v', '{A-B-C}', '/t', 'REG_SZ', '/d', text)


def doctor(*words, status):
    got, said = wine.run(wine.EXE, 'doctor', *words)
    equal(got, status, f'status of doctor {words}: {said}')
    equal('BAD ' in said, status == 1, said)
    return said


def reach(status):
    return doctor(f'0.0.0.0:{PORT}', status=status)


def firewall():
    check(NO_RULE in reach(1), 'without any rule')
    front = 'v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|'
    lets_in = f"ok   Windows's firewall lets everybody in to port {PORT}, by its rule \"mine\""
    for text in (f'{front}App={EXE}|Name=mine|', f'{front}App={EXE.upper()}|LPort={PORT}|Name=mine|',
                 f'{front}LPort=80|LPort={PORT}|Name=mine|', f'{front}LPort2_10=47000-47010|Name=mine|',
                 f'v2.30|Action=Allow|Active=TRUE|Dir=In|Name=mine|App={EXE}'):
        rule(text)
        check(lets_in in reach(0), f'lets in: {text}')
    rule(f'{front}RA4=LocalSubnet|RA4=10.0.0.0/255.0.0.0|App={EXE}|Name=mine|')
    check(f"lets LocalSubnet, 10.0.0.0/255.0.0.0 in to port {PORT}" in reach(0), 'whom')
    for text in (f'v2.30|Action=Allow|Active=FALSE|Dir=In|Protocol=6|App={EXE}|Name=mine|',
                 f'v2.30|Action=Allow|Active=TRUE|Dir=Out|Protocol=6|App={EXE}|Name=mine|',
                 f'v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=17|App={EXE}|Name=mine|',
                 fr'{front}App=C:\other.exe|Name=mine|', f'{front}App={EXE}|LPort=80|Name=mine|',
                 f'{front}LPort2_10=1-47000|Name=mine|', f'{front}LPort=RPC|Name=mine|',
                 f'{front}App={EXE}|Svc=other|Name=mine|', f'{front}LPort={PORT}|AppPkgId=S-1-15|Name=mine|',
                 '', '|', '=', 'v2.30', f'{front}App', 'v2.30|Action=Allow|' + 'x' * 3900):
        rule(text)
        check(NO_RULE in reach(1), f'is about others: {text[:200]}')
    # %VAR% in a path, as Windows writes them
    reg('add', r'HKCU\Environment', '/v', 'COM2NET_DRIVE', '/t', 'REG_SZ', '/d', 'Z:')
    rule(f'{front}App=%COM2NET_DRIVE%{EXE[2:]}|Name=mine|')
    check(lets_in in reach(0), 'a variable')
    reg('delete', r'HKCU\Environment', '/v', 'COM2NET_DRIVE')

    # one that blocks wins, wherever it stands
    rule(f'{front}App={EXE}|Name=mine|')
    for name in 'Z', 'A':
        reg('add', RULES, '/v', f'{{{name}}}', '/t', 'REG_SZ', '/d',
            f'v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Public|App={EXE}|Name=com2net.exe|')
        said = reach(1)
        check(f"BAD  Windows's firewall blocks port {PORT} by its rule \"com2net.exe\"" in said
              and f'netsh advfirewall firewall delete rule name=all program="{EXE}"' in said, said)
        reg('delete', RULES, '/v', f'{{{name}}}')
    reg('delete', RULES)
    for profile in PROFILES:
        check(NO_RULE in reach(1), 'it is on')
        reg('add', fr'{POLICY}\{profile}', '/v', 'EnableFirewall', '/t', 'REG_DWORD', '/d', '0')
    check("note Windows's firewall is off" in reach(0), 'it is off')


def linux():
    mine = os.path.join(wine.PREFIX, 'drive_c/users', os.environ.get('USER', 'root'))
    users = os.path.join(wine.PREFIX, 'drive_c/users')
    if not os.path.isdir(mine):
        mine = os.path.join(users, next(name for name in os.listdir(users) if name != 'Public'))
    config = os.path.join(mine, '.wslconfig')
    check('WSL' not in doctor(str(PORT), status=0), 'there is none')
    reg('add', LXSS + r'\{1}', '/v', 'DistributionName', '/t', 'REG_SZ', '/d', 'Debian')
    reg('add', DOCKER, '/v', 'Start', '/t', 'REG_DWORD', '/d', '3')
    try:
        said = doctor(str(PORT), status=0)
        check(f'ok   a container of Docker Desktop types host.docker.internal:{PORT}\n' in said, said)
        check(f'note WSL, whose network is nat, does not reach port {PORT}; for it listen on 0.0.0.0:{PORT}' in said,
              said)
        check(f'ok   WSL, whose network is nat, types windows:{PORT} to net2pty, where the firewall' in reach(0),
              'everybody')
        for text, words in (
                ('[wsl2]\nnetworkingMode=mirrored\n',
                 f'ok   WSL, whose network is mirrored, types windows:{PORT} to net2pty'),
                ('[wsl2]\r\nmemory=4GB\r\n networkingMode = Mirrored # for boards\r\n',
                 f'ok   WSL, whose network is mirrored, types windows:{PORT} to net2pty'),
                ('[experimental]\nnetworkingMode=mirrored\n', 'network is mirrored, types'),
                ('[wsl2]\nnetworkingMode=none\n', 'note WSL has no network'),
                ('[wsl2]\nnetworkingMode=virtioproxy\n', 'note WSL, whose network is virtioproxy, does not reach'),
                ('[other]\nnetworkingMode=mirrored\n', 'note WSL, whose network is nat, does not reach')):
            with open(config, 'w', encoding='utf-8', newline='') as f:
                f.write(text)
            said = doctor(str(PORT), status=0)
            check(words in said, f'{text}: {said}')
        check('to net2usb' in doctor('0.0.0.0:3240', status=0) or socket_is_taken(3240), 'the port of USB/IP')
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(config)
        reg('delete', LXSS)
        reg('delete', DOCKER)


def socket_is_taken(port):
    with socket.socket() as s:
        return s.connect_ex(('127.0.0.1', port)) == 0


def main():
    with contextlib.suppress(harness.Failed):
        reg('delete', POLICY)
    try:
        firewall()
        linux()
        with contextlib.closing(socket.socket()) as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = other.getsockname()[1]
            check(f'BAD  cannot listen on 127.0.0.1:{port}: ' in doctor(port, status=1), 'a port that somebody has')
        server = wine.Exe('loop:', '0')
        check(f'ok   loop is published on 127.0.0.1:{server.port} by com2net (pid ' in doctor(server.port, status=0),
              'what is published')
        check('port number from 0 to 65535' in doctor('nonsense', status=2), 'no port')
    finally:
        with contextlib.suppress(harness.Failed):
            reg('delete', POLICY)


harness.run(main)
