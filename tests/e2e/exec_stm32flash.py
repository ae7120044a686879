#!/usr/bin/python3
"""stm32flash, which insists on 8E1 and refuses a pseudo-terminal, writes 64 kB behind `--` to a small
bootloader at the far end, and reads them back."""

import threading

import harness
import places
from harness import check, equal

ACK, NACK = b'\x79', b'\x1f'
FLASH = 0x08000000


class Bootloader:
    """The USART protocol of ST's AN3155, as much of it as stm32flash uses."""

    def __init__(self, device):
        self.device = device
        self.flash = bytearray(b'\xff' * 65536)
        self.errors = []
        threading.Thread(target=self.run, daemon=True).start()

    def take(self, count):
        return self.device.read(count, 60)

    def say(self, data):
        self.device.write(data)

    def run(self):
        try:
            while self.take(1) != b'\x7f':
                pass
            self.say(ACK)
            while True:
                self.command()
        except Exception as error:  # the end of the script closes the device
            self.errors.append(repr(error))

    def checked(self, count):
        """Bytes and their XOR."""
        data = self.take(count + 1)
        check_byte = data[0] ^ 0xff if count == 1 else 0
        if count > 1:
            for byte in data[:-1]:
                check_byte ^= byte
        self.say(ACK if check_byte == data[-1] else NACK)
        return data[:-1]

    def address(self):
        return int.from_bytes(self.checked(4), 'big') - FLASH

    def command(self):
        code = self.take(2)[0]
        if code == 0x7f:
            return
        self.say(ACK)
        if code == 0x00:  # get
            commands = bytes([0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43])
            self.say(bytes([len(commands) - 1]) + commands + ACK)
        elif code == 0x01:  # version and option bytes
            self.say(b'\x31\x00\x00' + ACK)
        elif code == 0x02:  # identity: STM32F10xxx medium-density, 128 kB
            self.say(b'\x01\x04\x10' + ACK)
        elif code == 0x11:  # read
            at = self.address()
            count = self.checked(1)[0] + 1
            self.say(bytes(self.flash[at:at + count]))
        elif code == 0x31:  # write
            at = self.address()
            count = self.take(1)[0] + 1
            data = self.take(count + 1)
            self.flash[at:at + count] = data[:-1]
            self.say(ACK)
        elif code == 0x43:  # erase
            count = self.take(1)[0]
            if count == 0xff:
                self.take(1)
            else:
                self.take(count + 2)
            self.flash[:] = b'\xff' * len(self.flash)
            self.say(ACK)


def test(place):
    stm32flash = harness.need('stm32flash')
    device = harness.Device()
    board = Bootloader(device)
    server = harness.Com2net('-v', device.path, place.listen)
    image, back = harness.temp('image.bin'), harness.temp(f'{place.name}-back.bin')
    with open(image, 'wb') as f:
        f.write(harness.BULK[:65536])

    link = place.link()
    place.run(link, place.at(server.port), '--', 'sh', '-c',
              f'{stm32flash} -b 115200 -w {image} {link} && '
              f'{stm32flash} -b 115200 -c -r {back} -S 0x08000000:65536 {link}')
    check('SET-PARITY even' in server.log(), 'the server has been told 8E1')
    equal(bytes(board.flash[:65536]), harness.BULK[:65536], 'what the board has')
    with open(back, 'rb') as f:
        equal(f.read(), harness.BULK[:65536], 'what was read back')


places.run(test)
