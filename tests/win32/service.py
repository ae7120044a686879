#!/usr/bin/python3
"""The service: installed, started, used, stopped, uninstalled, and nothing of it left."""

import os
import shutil

import harness
import wine
from harness import check, equal

EVENT_KEY = r'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\com2net'
SERVICE_KEY = r'HKLM\SYSTEM\CurrentControlSet\Services\com2net'


def service(verb, *arguments, status=0):
    got, said = wine.run(wine.EXE, 'service', verb, *arguments)
    equal(got, status, f'status of service {verb} ({said})')
    return said


def registry(key):
    return wine.run('reg', 'query', key, '/s')


def main():
    log = harness.temp('the log.txt')
    port = wine.Port('COM3')
    try:
        service('install', '--', '--log-file', 'Z:' + log, 'COM3,name=board-1', '0')
        check('installed already' in service('install', '--', 'loop:', '0', status=1), 'once only')
        check('com2net.exe' in registry(EVENT_KEY)[1], 'the Event Log knows its messages')
        check('LocalService' in registry(SERVICE_KEY)[1], 'it runs with few rights')
        check('stopped' in service('status', status=1), 'status before the start')
        service('start')
        said = service('status')
        check('running (pid ' in said and 'COM3,name=board-1 0' in said, said)

        with open(log) as f:
            text = f.read()
        number = int(harness.re.search(r'board-1: listening on 127.0.0.1:(\d+)', text).group(1))
        peer = harness.Peer(number).agreed()
        peer.send(b'serviced')
        equal(port.read(8), b'serviced', 'data')
        wine.run('sc', 'control', 'com2net', '128')

        service('stop')
        equal(peer.ended(), 'end', 'the client, after the stop')
        check('stopped' in service('status', status=1), 'status after the stop')
        service('start')
        service('uninstall')
        equal(registry(EVENT_KEY)[0], 1, 'its key of the Event Log is gone')
        equal(registry(SERVICE_KEY)[0], 1, 'its key is gone')
        check('not installed' in service('status', status=1), 'status after all')

        # without a file its lines go to the Event Log
        service('install', '--', 'COM3,name=board-2', '0')
        service('start')
        where = ''.join(wine.where_errors_go())
        service('uninstall')
        with open(wine.EVENTS) as f:
            events = f.read()
        check('board-2: listening on 127.0.0.1:' in events, f'the Event Log has it: {events}; {where}')

        # a % is one, and no variable's
        odd = harness.temp('of %PATH% and %25.txt')
        service('install', '--', '--log-file', 'Z:' + odd, 'loop:', '0')
        check('%PATH% and %25.txt' in service('status', status=1), 'the status has it as it was typed')
        service('start')
        service('uninstall')
        check(os.path.exists(odd), f'its log has that name: {os.listdir(harness.temp())}')

        # one that cannot do its work says so at the start, with its exit status
        service('install', '--', '--log-file', 'Z:' + log, 'COM77', '0')
        said = service('start', status=1)
        check('it ended at once' in said, f'a start that fails: {said}')
        check('exit status 1' in service('status', status=1), 'the status of its end')
        with open(log) as f:
            check('COM77: no such port' in f.read(), 'the log says why')
    finally:
        wine.run(wine.EXE, 'service', 'uninstall')
    downloads = os.path.join(wine.PREFIX, 'drive_c', 'users', 'me', 'Downloads')
    os.makedirs(downloads, exist_ok=True)
    shutil.copy(wine.EXE, downloads)
    status, said = wine.run(r'C:\users\me\Downloads\com2net.exe', 'service', 'install', '--', 'loop:', '0')
    check(status == 2 and "may not read a user's folders" in said and 'setup' in said, said)
    shutil.rmtree(downloads)
    check(os.path.exists(log), 'its log is left, it is the user\'s')


harness.run(main)
