#!/usr/bin/python3
"""Another folder and another time give the same program, zip and installer."""

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


def main():
    here = os.path.dirname(wine.EXE)
    there = harness.temp('elsewhere')
    shutil.copytree(ROOT, there, ignore=ignore, symlinks=True)
    command = ['cmake', '-G', 'Ninja', '-S', there, '-B', f'{there}/out',
               f'-DCMAKE_TOOLCHAIN_FILE={there}/packaging/deps/mingw.cmake']
    with open(os.path.join(here, 'CMakeCache.txt'), encoding='utf-8') as f:
        command += [f'-D{line.strip()}' for line in f
                    if line.startswith(('CMAKE_BUILD_TYPE:', 'CMAKE_C_FLAGS:', 'COM2NET_THIRD_PARTY:'))]
    for step in command, ['cmake', '--build', f'{there}/out', '--target', 'windows_packages']:
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        equal(done.returncode, 0, f'{step}: {done.stdout[-2000:]}')
    for suffix in '-windows-x64.zip', '-setup.exe':
        name = os.path.basename(setups.package(suffix))
        equal(read(os.path.join(there, 'out', name)) == read(os.path.join(here, name)), True, name)


harness.run(main)
