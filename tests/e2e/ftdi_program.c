/* Uses usb:demo-ftdi and usb:demo-icestick by libftdi1 in the ways that its own examples leave out,
 * or take long for. Ends with 0 and "ok" if all went well. */
#include <ftdi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CTS = 0x10, DSR = 0x20, BULK = 60000, AT_ONCE = 2000, WANTED_READS = 300 };

static struct ftdi_context *ftdi;

static void check(int fine, const char *what)
{
    if (fine)
        return;
    printf("failed: %s: %s\n", what, ftdi_get_error_string(ftdi));
    exit(1);
}

static void open_device(int product, enum ftdi_interface interface)
{
    ftdi = ftdi_new();
    check(ftdi != NULL && ftdi_set_interface(ftdi, interface) == 0, "ftdi_new");
    check(ftdi_usb_open(ftdi, 0x0403, product) == 0, "ftdi_usb_open");
    check(ftdi_set_latency_timer(ftdi, 2) == 0, "ftdi_set_latency_timer");
}

static void close_device(void)
{
    check(ftdi_usb_close(ftdi) == 0, "ftdi_usb_close");
    ftdi_free(ftdi);
}

static void read_all(unsigned char *data, int len)
{
    int have = 0;

    while (have < len) {
        int n = ftdi_read_data(ftdi, data + have, len - have);

        check(n >= 0, "ftdi_read_data");
        have += n;
    }
}

static void lines(void)
{
    unsigned short status = 0;

    check(ftdi_set_baudrate(ftdi, 115200) == 0, "ftdi_set_baudrate");
    check(ftdi_set_line_property(ftdi, BITS_8, STOP_BIT_1, NONE) == 0, "ftdi_set_line_property");
    check(ftdi_setflowctrl(ftdi, SIO_RTS_CTS_HS) == 0, "ftdi_setflowctrl");
    check(ftdi_setdtr_rts(ftdi, 1, 0) == 0 && ftdi_poll_modem_status(ftdi, &status) == 0, "lines");
    check((status & (CTS | DSR)) == DSR, "DTR is DSR");
    check(ftdi_setdtr_rts(ftdi, 0, 1) == 0 && ftdi_poll_modem_status(ftdi, &status) == 0, "lines");
    check((status & (CTS | DSR)) == CTS, "RTS is CTS");
}

static void bytes(void)
{
    static unsigned char out[BULK], in[BULK];

    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (unsigned char)(i * 7 + i / 251);
    for (int at = 0; at < BULK; at += AT_ONCE) {
        check(ftdi_write_data(ftdi, out + at, AT_ONCE) == AT_ONCE, "ftdi_write_data");
        read_all(in + at, AT_ONCE);
    }
    check(memcmp(in, out, sizeof out) == 0, "what comes back");
    memset(in, 0, sizeof in);
    struct ftdi_transfer_control *reading = ftdi_read_data_submit(ftdi, in, AT_ONCE);
    struct ftdi_transfer_control *writing = ftdi_write_data_submit(ftdi, out, AT_ONCE);
    check(reading && writing, "submit");
    check(ftdi_transfer_data_done(writing) == AT_ONCE, "an asynchronous write");
    check(ftdi_transfer_data_done(reading) == AT_ONCE, "an asynchronous read");
    check(memcmp(in, out, AT_ONCE) == 0, "what comes back, asynchronously");
}

static void pins(void)
{
    unsigned char out[] = {0x00, 0x01, 0x04, 0x11}, in[sizeof out], now;

    check(ftdi_set_bitmode(ftdi, 0x15, BITMODE_SYNCBB) == 0, "ftdi_set_bitmode");
    check(ftdi_tcioflush(ftdi) == 0, "ftdi_tcioflush");
    check(ftdi_write_data(ftdi, out, sizeof out) == sizeof out, "bits");
    read_all(in, sizeof in);
    check(memcmp(in + 1, "\x80\x83\x8c", 3) == 0, "the loop follows the pins");
    check(ftdi_read_pins(ftdi, &now) == 0 && now == 0xf3, "ftdi_read_pins");
    check(ftdi_disable_bitbang(ftdi) == 0, "ftdi_disable_bitbang");
}

static int on_stream(uint8_t *data, int len, FTDIProgressInfo *progress, void *ctx)
{
    int *reads = ctx;

    (void)progress;
    check(len == 0 || data != NULL, "a stream");
    return ++*reads >= WANTED_READS;
}

/* Nothing writes into this FIFO: all that comes is status. libftdi 1.5 gives libusb a time that it
 * refuses if usb_read_timeout is a second or more, so that its own stream_test ends at once. It
 * leaves its transfers under way when it returns, with what they write to: nothing may follow. */
static void stream(void)
{
    int reads = 0;

    ftdi->usb_read_timeout = 500;
    check(ftdi_readstream(ftdi, on_stream, &reads, 8, 256) == 1, "ftdi_readstream");
    check(reads >= WANTED_READS, "transfers of a stream");
}

int main(void)
{
    open_device(0x6001, INTERFACE_ANY);
    lines();
    bytes();
    pins();
    close_device();
    open_device(0x6010, INTERFACE_B);
    close_device();
    open_device(0x6010, INTERFACE_A);
    stream();
    printf("ok\n");
    return 0;
}
