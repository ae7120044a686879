#!/usr/bin/python3
"""service install --firewall makes a rule, as netsh is told; uninstall removes it. So does the
installer's box."""

import setups
import wine
from harness import check, equal, run

RULE = 'rule name="com2net service"'


def service(*words, status=0):
    got, said = wine.run(wine.EXE, 'service', *words)
    equal(got, status, f'status of service {words}: {said}')
    return said


def main(told):
    path = 'Z:' + wine.EXE.replace('/', '\\')
    add = f'add {RULE} dir=in action=allow protocol=TCP'
    for option, remote in (('--firewall', ' remoteip=localsubnet'), ('--firewall=subnet', ' remoteip=localsubnet'),
                           ('--firewall=wsl', ' remoteip=172.16.0.0/12'), ('--firewall=any', '')):
        service('install', option, '--', 'loop:', '0')
        equal(told(), [f'delete {RULE}', f'{add}{remote} program="{path}"'], option)
        service('uninstall')
        equal(told(), [f'delete {RULE}'], 'uninstall')
    service('install', '--', 'loop:', '0')
    equal(told(), [], 'without --firewall')

    # one that is installed already keeps its rule
    service('install', '--firewall', '--', 'loop:', '0', status=1)
    equal(told(), [], 'installed already')
    service('uninstall')
    told()

    setups.let_netsh_fail()
    said = service('install', '--firewall', '--', 'loop:', '0', status=1)
    check('the firewall does not take the rule' in said and f'netsh advfirewall firewall {add}' in said, said)
    service('uninstall')

    said = service('install', '--firewall=everybody', '--', 'loop:', '0', status=2)
    check('it is wsl, subnet or any' in said, said)
    said = service('start', '--firewall', status=2)
    check('--firewall is for service install' in said, said)


def installer(told):
    """Its box, off unless it is wanted; an upgrade keeps what was chosen."""
    add = 'add rule name="com2net" dir=in action=allow protocol=TCP remoteip=localsubnet program='
    for arguments, wanted in ((), False), (('/FIREWALL',), True), ((), True):
        equal(setups.setup(*arguments, r'/D=C:\Tools\com2net'), 0, f'install {arguments}')
        equal(told(), ['delete rule name="com2net"', add + r'"C:\Tools\com2net\com2net.exe"'] if wanted else [],
              f'install {arguments}')
    equal(setups.uninstall(), 0, 'uninstall')
    equal(told(), ['delete rule name="com2net"'], 'uninstall')


def both():
    setups.clean()
    with setups.netsh() as told:
        main(told)
        told()
        installer(told)
    wine.run(wine.EXE, 'service', 'uninstall')


run(both)
