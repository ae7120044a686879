#!/usr/bin/python3
"""Programs and installers can be signed: with a certificate of the test's, what is signed works, is
verified, and no longer is once it has been changed."""

import os
import shutil
import subprocess

import harness
import setups
import wine
from harness import check, equal

WINDOWS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                       'packaging', 'windows')


def call(*words, status=0, **environment):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **environment}, check=False)
    check((done.returncode == 0) == (status == 0), f'{words}: {done.returncode} {done.stdout}')
    return done.stdout


def verify(file, certificate, status=0):
    said = call('osslsigncode', 'verify', '-CAfile', certificate, '-in', file, status=status)
    check(('Succeeded' in said) == (status == 0), said)


def main():
    for need in 'osslsigncode', 'openssl', 'makensis':
        harness.need(need)
    key, certificate = harness.temp('key.pem'), harness.temp('certificate.pem')
    call('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=com2net test',
         '-addext', 'extendedKeyUsage=codeSigning', '-addext', 'keyUsage=digitalSignature', '-keyout', key,
         '-out', certificate)
    sign, keys = os.path.join(WINDOWS, 'sign'), {'SIGN_KEY': key, 'SIGN_CERTIFICATE': certificate}

    program = harness.temp('com2net.exe')
    shutil.copy(wine.EXE, program)
    call(sign, program, status=2)
    verify(program, certificate, status=1)
    call(sign, program, **keys)
    verify(program, certificate)
    equal(wine.run(program, '--version')[0], 0, 'the signed program works')
    with open(program, 'r+b') as f:
        f.seek(os.path.getsize(wine.EXE) // 2)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))
    verify(program, certificate, status=1)

    # the installer, and its uninstaller, as windows_packages makes them with COM2NET_SIGN
    setups.clean()
    setup, contents = harness.temp('com2net-setup.exe'), os.path.join(os.path.dirname(wine.EXE), 'packaging', 'windows')
    version = setups.version()
    call('makensis', '-V2', '-WX', f'-DVERSION={version}', f'-DFILES={contents}/com2net-{version}',
         f'-DCONTENTS={contents}', f'-DICON={WINDOWS}/com2net.ico', f'-DOUTPUT={setup}', f'-DSIGN={sign}',
         f'{WINDOWS}/com2net.nsi', **keys)
    verify(setup, certificate)
    equal(wine.run(setup, '/S')[0], 0, 'the signed installer works')
    verify(os.path.join(setups.PROGRAM_FILES, 'com2net', 'uninstall.exe'), certificate)
    equal(setups.uninstall(), 0, 'so does its uninstaller')


harness.run(main)
