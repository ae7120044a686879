#!/usr/bin/python3
"""packaging/deps/fetch: takes a pinned tarball from the nearest place that has it, nothing whose hash is
another one, and says of each place why it is not there. Mirrors are servers of this script."""

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOD, BAD = b'the release that is pinned', b'another one'


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *unused):
        pass


class Place:
    """A folder, served; `got` are the paths that were asked for."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(Silent, directory=folder))
        self.url = f'http://127.0.0.1:{server.server_address[1]}'
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(self, path, content):
        os.makedirs(os.path.dirname(f'{self.folder}/{path}'), exist_ok=True)
        with open(f'{self.folder}/{path}', 'wb') as file:
            file.write(content)


class Machine:
    """fetch, with pins of its own, in a temporary folder."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(f'{TREE}/packaging/deps', f'{folder}/deps')
        self.upstream, self.mirror = Place(f'{folder}/up'), Place(f'{folder}/mirror')
        os.mkdir(f'{folder}/beside')
        with open(f'{folder}/apt.conf', 'w', encoding='utf-8') as conf:  # whatever proxy apt has
            conf.write('Acquire::http::Proxy::127.0.0.1 "DIRECT";\n')
        with open(f'{folder}/deps/pins', 'w', encoding='utf-8') as pins:
            pins.write(f'thing_version=1\nthing_sha256={hashlib.sha256(GOOD).hexdigest()}\n'
                       f'thing_upstream={self.upstream.url}/thing-1.tar.gz\n'
                       'thing_pool=pool/t/thing_1.orig.tar.gz\nthing_source=trixie thing\n')

    def put(self, path, content):
        with open(f'{self.folder}/{path}', 'wb') as file:
            file.write(content)

    def fetch(self, name='thing', mirror=None, kept='kept'):
        environment = dict(os.environ, COM2NET_DEBIAN_MIRROR=mirror or self.mirror.url,
                           no_proxy='127.0.0.1', APT_CONFIG=f'{self.folder}/apt.conf')
        done = subprocess.run([f'{self.folder}/deps/fetch', name, f'{self.folder}/{kept}',
                               f'{self.folder}/beside'], env=environment, capture_output=True,
                              text=True, timeout=120)
        return done.returncode, done.stdout.strip(), done.stderr


def check(condition, what):
    if not condition:
        sys.exit(f'FAILED: {what}')


def check_fetched(m, where, kept='kept'):
    status, path, said = m.fetch(kept=kept)
    check(status == 0 and path == f'{m.folder}/{where}', f'it is {where}: {status} {path} {said}')
    with open(path, 'rb') as file:
        check(file.read() == GOOD, f'{where} is the pinned one')


def nearest_first(m):
    has_apt = os.path.exists('/usr/lib/apt/apt-helper')
    if has_apt:
        m.mirror.put('pool/t/thing_1.orig.tar.gz', GOOD)
        check_fetched(m, 'kept1/thing-1.tar.gz', 'kept1')
        m.mirror.put('pool/t/thing_1.orig.tar.gz', BAD)
    m.upstream.put('thing-1.tar.gz', BAD)
    status, path, said = m.fetch(kept='kept2')
    check(status == 1 and not path, f'another file is not taken: {status} {path}')
    check('another file than the pinned one' in said and m.upstream.url in said, said)
    check(not has_apt or f'{m.mirror.url}/pool/t/thing_1.orig.tar.gz: ' in said, said)
    check(not os.listdir(f'{m.folder}/kept2'), 'and nothing of it is left')
    m.upstream.put('thing-1.tar.gz', GOOD)
    check_fetched(m, 'kept3/thing-1.tar.gz', 'kept3')
    m.upstream.put('thing-1.tar.gz', BAD)
    check_fetched(m, 'kept3/thing-1.tar.gz', 'kept3')  # by what was kept
    m.put('beside/thing-1.tar.gz', GOOD)
    check_fetched(m, 'beside/thing-1.tar.gz', 'kept4')
    os.rename(f'{m.folder}/beside/thing-1.tar.gz', f'{m.folder}/beside/thing_1.orig.tar.gz')
    check_fetched(m, 'beside/thing_1.orig.tar.gz', 'kept4')
    os.remove(f'{m.folder}/beside/thing_1.orig.tar.gz')
    m.put('beside/thing-1.tar.gz', BAD)
    m.put('kept3/thing-1.tar.gz', BAD)
    status, _, said = m.fetch(kept='kept3')
    check(status == 1 and said.count('there is another file than the pinned one') == 2, said)


def nowhere(m):
    status, path, said = m.fetch(mirror='http://127.0.0.1:9', kept='kept5')
    check(status == 1 and not path, f'nothing is found: {status} {path}')
    for wanted in ('no thing-1.tar.gz there', m.upstream.url, 'nowhere', f'{m.folder}/beside under this name'):
        check(wanted in said, f'it says "{wanted}": {said}')
    check(not os.path.exists('/usr/lib/apt/apt-helper') or said.count('127.0.0.1:9/') == 1 and
          'sources' not in said, f'a mirror that does not answer is asked once: {said}')


def wrong(m):
    status, _, said = m.fetch('typo')
    check(status == 2 and 'no release of typo is pinned; there are thing' in said, said)
    status, _, said = m.fetch('a/b')
    check(status == 2 and 'no release of a/b is pinned' in said and 'sed' not in said, said)
    status, _, said = m.fetch(kept='deps/pins/x')
    check(status == 1 and 'cannot write' in said, said)


def main():
    with tempfile.TemporaryDirectory(prefix='com2net-fetch.') as folder:
        m = Machine(folder)
        nowhere(m)
        nearest_first(m)
        wrong(m)


main()
