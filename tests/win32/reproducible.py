#!/usr/bin/python3
"""Another folder and another time give the same programs, zip and installer."""

import os
import shutil
import subprocess

import harness
import setups
import wine
from harness import equal

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def ignore(folder, names):
    return [name for name in names if folder == ROOT and name.startswith(('build', '.git'))]


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def build(sources, like, folder, *options, target='all'):
    """Builds the sources in the folder as they have been built in another one."""
    command = ['cmake', '-G', 'Ninja', '-S', sources, '-B', folder, *options]
    with open(os.path.join(like, 'CMakeCache.txt'), encoding='utf-8') as f:
        command += [f'-D{line.strip().replace(ROOT, sources)}' for line in f
                    if line.startswith(('CMAKE_BUILD_TYPE:', 'CMAKE_C_FLAGS:', 'CMAKE_TOOLCHAIN_FILE:',
                                        'COM2NET_THIRD_PARTY:', 'MUSL_ARCH:'))]
    for step in command, ['cmake', '--build', folder, '--target', target]:
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        equal(done.returncode, 0, f'{step}: {done.stdout[-2000:]}')


def main():
    here = os.path.dirname(wine.EXE)
    there = harness.temp('elsewhere')
    shutil.copytree(ROOT, there, ignore=ignore, symlinks=True)
    for folder in 'build-static', 'build-static-arm64':
        build(there, os.path.join(ROOT, folder), f'{there}/{folder}', '-DBUILD_TESTING=OFF',
              '-DCOM2NET_PROGRAMS=net2pty;net2usb')
    build(there, here, f'{there}/out', target='windows_packages')
    for suffix in '-windows-x64.zip', '-setup.exe':
        name = os.path.basename(setups.package(suffix))
        equal(read(os.path.join(there, 'out', name)) == read(os.path.join(here, name)), True, name)


harness.run(main)
