/*
 * The record of transfers: whatever is recorded, the file is one that a reader can follow. Each
 * block has its length at both ends, which add up to the file; a packet holds what it says.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "usb_pcap.h"

enum { LENGTH_MAX = 70000, PACKETS_MAX = 8, STEP = 8, HEAD = 28, USBMON = 64, BLOCK_PACKET = 6 };

static uint32_t u32_at(const uint8_t *bytes, size_t at)
{
    uint32_t v;

    memcpy(&v, bytes + at, sizeof v);
    return v;
}

static unsigned check_file(const uint8_t *bytes, size_t size)
{
    unsigned packets = 0;
    size_t at = 0;

    while (at < size) {
        if (size - at < 12)
            abort();
        const uint32_t len = u32_at(bytes, at + 4);
        if (len < 12 || len % 4 != 0 || len > size - at || u32_at(bytes, at + len - 4) != len)
            abort();
        if (u32_at(bytes, at) == BLOCK_PACKET) {
            const uint32_t captured = u32_at(bytes, at + 20);

            if (captured < USBMON || HEAD + captured + 4 > len || len - HEAD - captured - 4 > 3)
                abort();
            if (u32_at(bytes, at + HEAD + 36) != captured - USBMON)
                abort();
            packets++;
        }
        at += len;
    }
    return packets;
}

/* A transfer of the input, as a session makes them. */
static void record(struct usb_pcap *pcap, const struct usb_device *d, const uint8_t *step)
{
    static uint8_t data[LENGTH_MAX];
    struct usbip_packet packets[PACKETS_MAX] = {0};
    struct usb_transfer t = {.address = step[0],
                             .data = data,
                             .length = (size_t)(step[1] << 8 | step[2]) * (step[3] & 1 ? 1 : 4) %
                                       LENGTH_MAX,
                             .packets = packets,
                             .packet_count = step[3] >> 1 & (PACKETS_MAX - 1),
                             .interrupt = step[3] >> 7,
                             .status = -step[4]};

    if (t.packet_count > 0)
        t.length -= t.length % t.packet_count;
    for (size_t i = 0; i < t.packet_count; i++) {
        packets[i].length = (uint32_t)(t.length / t.packet_count);
        packets[i].offset = (uint32_t)i * packets[i].length;
        packets[i].actual = step[5] >> i & 1 ? packets[i].length : 0;
        packets[i].status = step[6] >> i & 1 ? -71 : 0;
        t.actual += packets[i].actual;
    }
    if (t.packet_count == 0)
        t.actual = t.length * step[7] / 255;
    usb_pcap_submit(pcap, d, &t);
    usb_pcap_done(pcap, d, &t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct usb_device device = {.name = "fuzz"};
    char path[64], error[USB_PCAP_ERROR_MAX];
    const size_t steps = len / STEP < 16 ? len / STEP : 16;
    int fd = memfd_create("record", MFD_CLOEXEC);

    if (fd < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct usb_pcap *pcap = usb_pcap_open(path, error);
    if (!pcap)
        abort();
    for (size_t i = 0; i < steps; i++)
        record(pcap, &device, data + i * STEP);
    usb_pcap_close(pcap);
    const off_t size = lseek(fd, 0, SEEK_END);
    uint8_t *file = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED || check_file(file, (size_t)size) != 2 * steps)
        abort();
    munmap(file, (size_t)size);
    close(fd);
    return 0;
}
