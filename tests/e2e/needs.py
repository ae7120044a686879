"""What a script needs besides the programs under test: foreign programs, modules, abilities of the machine."""

import importlib
import os
import shutil
import sys

import machine
from checks import TREE, Failed, skip


def absent(what, command='packaging/install-packages tests'):
    """Something is missing that COMMAND brings: the script is skipped, or fails where the environment
    has CI=true. tests/absent is this for shell scripts."""
    why = f'no {what}: {command}'
    if os.environ.get('CI') == 'true':
        raise Failed(why)
    skip(why)


# where the package has another name than the program
PACKAGES = {
    'busybox': 'busybox-static', 'cc': 'gcc', 'env': 'coreutils', 'gensiot': 'gensio-bin',
    'go': 'golang-go', 'iceprog': 'fpga-icestorm', 'ip': 'iproute2', 'ldd': 'libc-bin',
    'lsusb': 'usbutils', 'musl-gcc': 'musl-tools', 'nc': 'netcat-openbsd', 'node': 'nodejs',
    'openFPGALoader': 'openfpgaloader', 'setcap': 'libcap2-bin', 'setpriv': 'util-linux',
    'timeout': 'coreutils', 'unshare': 'util-linux', 'usbhid-dump': 'usbutils',
    'x86_64-w64-mingw32-objdump': 'binutils-mingw-w64-x86-64',
}


def need(program):
    """The path of a foreign program, which the tests' packages bring."""
    found = shutil.which(program, path=machine.PATH)
    if not found:
        absent(f'{program} (package {PACKAGES.get(program, program)})')
    return found


def need_npm(package):
    """The folder of a package of npm. Where npm's registry is not to be reached, which
    packaging/install-packages finds out, it is skipped in any case."""
    folder = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'),
                          'com2net-tests/npm/node_modules', package)
    if not os.path.isdir(folder):
        skip(f'no package {package} of npm: packaging/install-packages tests, where npm is to be reached')
    return folder


def need_module(name, package):
    try:
        return importlib.import_module(name)
    except ImportError:
        absent(f'Python module {name} (package {package})')


def need_serial():
    need_module('serial.rfc2217', 'python3-serial')
    return sys.modules['serial']


def need_machine(*names):
    """What the machine has to be able to do, see machine.py; the script is skipped where it cannot."""
    for name in names:
        why = machine.refusal(name)
        if why:
            skip(why)


def built(path, command='cmake -B build && cmake --build build'):
    """A file of the build folder."""
    if not os.path.isfile(path):
        absent(path, command)
    return path


def under_test(name, folder):
    path = os.environ.get(name.upper())
    if not path:
        for place in f'build/{folder}/{name}', f'build/{name}':
            if os.access(os.path.join(TREE, place), os.X_OK):
                path = os.path.join(TREE, place)
                break
    built(path or name)
    if 'COM2NET_WINE' in os.environ:
        need('wine')
    return path
